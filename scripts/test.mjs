/**
 * `npm test`: all that protects a change, from a fresh clone. `npm run test:long` adds the long forms.
 * Everything runs even where something failed, so that one run tells all; the last line counts.
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { build } from "./build.mjs";
import { ensureDebian, ensurePackages } from "./lib/install.mjs";
import { main, root, run, step, tool } from "./lib/run.mjs";

const long = process.argv.includes("--long");
const results = join(root, "test-results");
const counts = { passed: 0, failed: 0 };
/** What failed, told again at the very end: a log of thousands of lines is read from below. */
const failures = [];

/** Run a part; note a failure and go on. */
async function part(title, work) {
  try {
    await step(title, work);
    counts.passed++;
  } catch (error) {
    counts.failed++;
    failures.push(`${title}: ${error.message}`);
    process.stdout.write(`✗ ${title}: ${error.message}\n`);
  }
}

/** Run vitest projects and add their counts; `quiet`: what they print is shown only where something fails. */
async function vitest(title, args, { bun = false, env = {}, quiet = false } = {}) {
  const file = join(results, `${title.replaceAll(" ", "-")}.json`);
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  await part(title, async () => {
    try {
      if (bun)
        await run(tool("bun"), ["--bun", tool("vitest"), "run", "--pool", "threads", ...args, ...reporters], { env });
      else await run(tool("vitest"), ["run", ...args, ...reporters], { env, quiet });
    } finally {
      const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, "utf8"));
      counts.passed += numPassedTests;
      counts.failed += numFailedTests;
      for (const { name, message, assertionResults } of testResults) {
        if (message) failures.push(`${relative(root, name)}: ${message}`);
        for (const { status, fullName, failureMessages } of assertionResults) {
          if (status === "failed")
            failures.push(`${relative(root, name)} > ${fullName}\n${failureMessages.join("\n")}`);
        }
      }
    }
  });
}

main(async () => {
  await ensurePackages();
  await ensureDebian();
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });

  await part("types", () => run(tool("tsc"), ["-b"]));
  await part("lint", () => run(tool("biome"), ["ci", "--colors=off"]));
  await part("generated docs are fresh", () => run(tool("node"), ["scripts/docs.ts", "--check"]));
  await part("build", build);
  await part("size of the SDK", () => run(tool("node"), ["scripts/check-size.mjs"]));
  await part("the Worker bundles", () =>
    run(tool("wrangler"), ["deploy", "--dry-run", "--outdir", "dist/worker"], { quiet: true }),
  );

  const fuzz = { FUZZ_RUNS: process.env.FUZZ_RUNS ?? (long ? "10000000" : "200000") };
  await vitest("units", ["--project", "unit"], { env: fuzz });
  await vitest("edge in workerd", ["--project", "edge"]);
  await vitest("media node on Bun", ["--project", "unit", "media-node"], { bun: true });
  // The former mostly wait, so the others run meanwhile.
  await Promise.all([
    vitest("rooms that sleep", ["--project", "quiet"], { quiet: true }),
    vitest("servers and third parties", ["--project", "node"]),
  ]);
  await vitest("browsers", ["--project", "browser"]);
  if (long) await vitest("long", ["--project", "long"]);

  for (const failure of failures) process.stdout.write(`\n✗ ${failure.slice(0, 4_000)}\n`);
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
  if (counts.failed > 0) process.exitCode = 1;
});
