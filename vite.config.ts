import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

/**
 * Empties the output before a build, but for `sdk/`, which `scripts/build-sdk.mjs` writes beside the app: the two may be
 * built in either order.
 */
function emptyOwnOutput(): Plugin {
  let outDir = "";
  return {
    name: "empty-own-output",
    apply: "build",
    configResolved({ root, build }) {
      outDir = resolve(root, build.outDir);
    },
    buildStart() {
      if (!existsSync(outDir)) return;
      for (const name of readdirSync(outDir).filter(name => name !== "sdk"))
        rmSync(join(outDir, name), { recursive: true });
    },
  };
}

export default defineConfig({
  root: fileURLToPath(new URL("src/web", import.meta.url)),
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  plugins: [emptyOwnOutput()],
  build: {
    outDir: "../../dist/web",
    emptyOutDir: false,
    target: ["chrome125", "firefox128", "safari18"],
    // The policy in public/_headers allows no inline code, and data: URLs for images only.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
  server: {
    host: "127.0.0.1",
    strictPort: true,
    // `npm start` in one terminal, `npx vite` in another: the app reloads as it is edited.
    proxy: { "/v1": { target: "http://127.0.0.1:8787", ws: true } },
  },
});
