/**
 * Segments as files that any web server serves, written one after the other.
 * @module
 */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PLAYLIST, type SegmentStore } from "./segmenter.ts";

/** Bytes that wait for the disk at most: beyond that it is too slow. */
const MAX_WAITING = 256 * 1024 * 1024;

export interface Folder extends SegmentStore {
  /** Resolves once everything is written. */
  settled(): Promise<void>;
}

/**
 * Empties a folder and fills it.
 * @param onFailure told once, when nothing more can be written
 * @param after who wrote there before is done, and only then it is begun
 */
export function createFolder(path: string, onFailure: (error: Error) => void, after?: Promise<void>): Folder {
  let failed = false;
  let waiting = 0;

  function fail(error: unknown): void {
    if (failed) return;
    failed = true;
    onFailure(error instanceof Error ? error : new Error(String(error)));
  }

  let last: Promise<void> = (async () => {
    await after;
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
  })().catch(fail);

  function then(work: () => Promise<void>): void {
    last = last.then(() => (failed ? undefined : work())).catch(fail);
  }

  return {
    write(name, content) {
      const { length } = content;
      if (waiting + length > MAX_WAITING) fail(new Error("the disk is too slow"));
      waiting += length;
      then(async () => {
        const file = join(path, name);
        // A player must never see half a playlist.
        const first = name === PLAYLIST ? `${file}.new` : file;
        await writeFile(first, content).finally(() => {
          waiting -= length;
        });
        if (first !== file) await rename(first, file);
      });
    },
    remove: name => then(() => rm(join(path, name), { force: true })),
    settled: () => last,
  };
}
