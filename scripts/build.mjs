/** Build what the Worker serves: the app and the SDK, into dist/web. */
import { ensurePackages } from "./lib/install.mjs";
import { main, run, step, tool } from "./lib/run.mjs";

/** Build the app, then the SDK beside it. */
export const build = () =>
  step("building the app and the SDK", async () => {
    await run(tool("vite"), ["build", "--logLevel", "warn"]);
    await run(tool("node"), ["scripts/build-sdk.mjs"]);
  });

if (process.argv[1] === import.meta.filename) {
  main(async () => {
    await ensurePackages();
    await build();
  });
}
