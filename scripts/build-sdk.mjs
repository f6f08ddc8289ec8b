/**
 * Bundle the SDK: for browsers into dist/web/sdk, which the Worker serves to any origin, and for back ends into
 * dist/server. Run by Node 20 and newer.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { root } from "./lib/run.mjs";

/** Entries of the browser SDK. Nothing but `tandem` is needed before the first remote frame. */
const ENTRIES = {
  tandem: "src/client/index.ts",
  devices: "src/client/devices.ts",
  screen: "src/client/screen.ts",
  speaking: "src/client/speaking.ts",
  stats: "src/client/stats.ts",
};

async function bundle(inputs, outDir, { minify, external = [] }) {
  const dir = join(root, outDir);
  rmSync(dir, { recursive: true, force: true });
  const input = Object.fromEntries(Object.entries(inputs).map(([name, file]) => [name, join(root, file)]));
  const build = await rolldown({ input, external, cwd: root });
  try {
    const { output } = await build.write({
      dir,
      format: "esm",
      entryFileNames: "[name].js",
      chunkFileNames: "[name]-[hash].js",
      sourcemap: true,
      minify,
      comments: !minify,
    });
    return output.filter(({ type }) => type === "chunk");
  } finally {
    await build.close();
  }
}

/** Build both; the browser's chunks are returned, with `name`, `fileName`, `imports` and `code`. */
export async function buildSdk() {
  await bundle({ index: "src/server-sdk/index.ts" }, "dist/server", { minify: false, external: ["jose", "valibot"] });
  return bundle(ENTRIES, "dist/web/sdk", { minify: true });
}

if (process.argv[1] === import.meta.filename) await buildSdk();
