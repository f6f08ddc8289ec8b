/**
 * Segments as files that any web server serves.
 * @module
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FileTaker } from "./ordered-store.ts";
import { PLAYLIST } from "./segmenter.ts";

export function createFolder(path: string): FileTaker {
  return {
    async begin() {
      await rm(path, { recursive: true, force: true });
      await mkdir(path, { recursive: true });
    },
    async write(name, content) {
      const file = join(path, name);
      // A player must never see half a playlist.
      const first = name === PLAYLIST ? `${file}.new` : file;
      await writeFile(first, content);
      if (first !== file) await rename(first, file);
    },
    remove: name => rm(join(path, name), { force: true }),
  };
}
