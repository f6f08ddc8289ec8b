/** `npm run bench -- NAME --json`: ours and a peer on the same work in one run. */
import { ensurePackages } from "./lib/install.mjs";
import { main, run, tool } from "./lib/run.mjs";

main(async () => {
  await ensurePackages();
  const args = process.argv.slice(2);
  // Quietly: with --json only figures may stand on standard output.
  if (args.includes("signaling")) await run(tool("node"), ["scripts/build.mjs"], { quiet: true });
  await run(tool("node"), ["bench/main.ts", ...args]);
});
