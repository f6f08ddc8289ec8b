/** `npm run bench -- NAME --json`: ours and a peer on the same work in one run. */
import { build } from "./build.mjs";
import { ensurePackages } from "./lib/install.mjs";
import { main, run, tool } from "./lib/run.mjs";

main(async () => {
  await ensurePackages();
  const args = process.argv.slice(2);
  const json = args.includes("--json");
  // With --json only figures may stand on standard output.
  const write = process.stdout.write.bind(process.stdout);
  if (json) process.stdout.write = process.stderr.write.bind(process.stderr);
  if (args.includes("signaling")) await build();
  process.stdout.write = write;
  await run(tool("node"), ["bench/main.ts", ...args]);
});
