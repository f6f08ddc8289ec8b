/** What a page loads of the SDK before the first remote frame must stay small: built anew, gzipped, summed. */
import { gzipSync } from "node:zlib";
import { buildSdk } from "./build-sdk.mjs";
import { main } from "./lib/run.mjs";

/** Bytes of `tandem.js` and of all that it imports statically. */
const LIMIT = 20_000;

/** An entry and everything that loads with it. */
function closure(chunks, fileName, seen = new Set()) {
  if (seen.has(fileName)) return seen;
  seen.add(fileName);
  for (const imported of chunks.find(chunk => chunk.fileName === fileName)?.imports ?? [])
    closure(chunks, imported, seen);
  return seen;
}

main(async () => {
  const chunks = await buildSdk();
  for (const { fileName, name } of chunks.filter(chunk => chunk.isEntry)) {
    const files = [...closure(chunks, fileName)];
    const bytes = files.reduce(
      (sum, file) => sum + gzipSync(chunks.find(chunk => chunk.fileName === file).code).length,
      0,
    );
    const limit = name === "tandem" ? ` of ${LIMIT}` : "";
    process.stdout.write(
      `${name.padEnd(9)} ${String(bytes).padStart(6)}${limit} bytes gzipped (${files.join(", ")})\n`,
    );
    if (limit && bytes > LIMIT) throw new Error(`the SDK has grown past ${LIMIT} bytes`);
  }
});
