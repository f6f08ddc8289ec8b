import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { Response } from "miniflare";
import { defineConfig } from "vitest/config";
import { TEST_BINDINGS } from "./src/edge/testing/bindings.ts";

/** What is awaited comes soon on any machine that isn't busy: a limit tells of what never comes, not of what is slow. */
const PATIENCE = {
  testTimeout: 60_000 + Number(process.env.FUZZ_RUNS ?? 0) / 5,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 20_000, interval: 20 } },
};

/**
 * `unit`: beside their source, any runtime. `edge`: in real workerd. `node`: servers and third parties. `browser`: real browsers.
 * `quiet`: what sleeps while a minute goes by. `long`: for `npm run test:long`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...PATIENCE,
          name: "unit",
          // One less than there are cores, by default: half of a small machine would idle.
          maxWorkers: 2,
          include: [
            "src/{protocol,client,server-sdk,web}/**/*.test.ts",
            "media-node/**/*.test.ts",
            "scripts/**/*.test.ts",
          ],
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: TEST_BINDINGS,
              r2Buckets: ["BROADCASTS"],
              // Nothing leaves this machine.
              outboundService: () => new Response(null, { status: 204 }),
            },
          }),
        ],
        test: { ...PATIENCE, name: "edge", include: ["src/edge/**/*.test.ts"], isolate: false },
      },
      {
        test: { ...PATIENCE, name: "node", include: ["test/node/**/*.test.ts"] },
      },
      {
        test: {
          ...PATIENCE,
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // Rooms that nobody wakes: they mostly wait, so they do it side by side.
        test: { ...PATIENCE, name: "quiet", include: ["test/quiet/**/*.test.ts"], maxWorkers: 2 },
      },
      {
        test: {
          name: "long",
          include: ["test/long/**/*.test.ts"],
          testTimeout: 1_800_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
