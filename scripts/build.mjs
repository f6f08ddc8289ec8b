/** Build what the Worker serves: the app and the SDK, into dist/web. */
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { ensurePackages } from "./lib/install.mjs";
import { main, root, run, step, tool } from "./lib/run.mjs";

/** Build the app, then the SDK beside it. */
export const build = () =>
  step("building the app and the SDK", async () => {
    await run(tool("vite"), ["build", "--logLevel", "warn"]);
    await run(tool("node"), ["scripts/build-sdk.mjs"]);
    copyFileSync(join(root, "docs/openapi.json"), join(root, "dist/web/openapi.json"));
  });

if (process.argv[1] === import.meta.filename) {
  main(async () => {
    await ensurePackages();
    await build();
  });
}
