/** `npm run check`: types, lint, generated docs, units, the Worker's bundle. Under a minute, for the loop you live in. */
import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { ensurePackages } from "./lib/install.mjs";
import { main, root, run, step, tool } from "./lib/run.mjs";

/** Inputs per fuzz test: a taste. `npm test` takes a hundred times as many. */
const FUZZ_RUNS = process.env.FUZZ_RUNS ?? "2000";

/** Many tests wait on sockets: a second worker pays even on two cores. */
const WORKERS = String(Math.max(2, availableParallelism() - 1));

/** Everything that needs no build, no browser and no server. */
export async function check() {
  await step("types", () => run(tool("tsc"), ["-b"]));
  await step("lint", () => run(tool("biome"), ["ci", "--colors=off"]));
  await step("generated docs are fresh", () => run(tool("node"), ["scripts/docs.ts", "--check"]));
  await step("the Worker bundles", () => {
    mkdirSync(`${root}/dist/web`, { recursive: true });
    return run(tool("wrangler"), ["deploy", "--dry-run", "--outdir", "dist/worker"], { quiet: true });
  });
  await step("units", () =>
    run(tool("vitest"), ["run", "--project", "unit", "--project", "edge", "--maxWorkers", WORKERS], {
      env: { FUZZ_RUNS },
    }),
  );
}

if (process.argv[1] === import.meta.filename) {
  main(async () => {
    await ensurePackages();
    await check();
  });
}
