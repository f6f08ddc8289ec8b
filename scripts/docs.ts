/**
 * `npm run docs`: write what is generated from the schemas. `--check` writes nothing and fails where something is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { openapi } from "./docs/openapi.ts";
import { protocolPage } from "./docs/protocol-page.ts";

const pages = {
  "docs/protocol.md": protocolPage(),
  "docs/openapi.json": `${JSON.stringify(openapi(), null, 2)}\n`,
};

const read = (path: URL): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
};

const stale: string[] = [];
for (const [name, text] of Object.entries(pages)) {
  const path = new URL(`../${name}`, import.meta.url);
  if (read(path) === text) continue;
  stale.push(name);
  if (!process.argv.includes("--check")) writeFileSync(path, text);
}

if (process.argv.includes("--check") && stale.length > 0) {
  console.error(`stale: ${stale.join(", ")} - run \`npm run docs\` and commit what it writes`);
  process.exitCode = 1;
}
