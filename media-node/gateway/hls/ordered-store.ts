/**
 * Files of a broadcast, written one after the other while the next ones are made.
 * @module
 */
import type { SegmentStore } from "./segmenter.ts";

/** Bytes that wait at most: beyond that what takes them is too slow. */
const MAX_WAITING = 256 * 1024 * 1024;

export interface BroadcastStore extends SegmentStore {
  /** Resolves once everything is written. */
  settled(): Promise<void>;
}

/** What takes the files. Every step begins when the one before is done. */
export interface FileTaker {
  /** Makes the place empty. */
  begin(): Promise<void>;
  write(name: string, content: Buffer | string): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface OrderedStoreOptions {
  /** What it is called when it is too slow. */
  readonly what: string;
  readonly taker: FileTaker;
  /** Told once, when nothing more can be written. */
  readonly onFailure: (error: Error) => void;
  /** Who wrote there before is done, and only then it is begun. */
  readonly after?: Promise<void> | undefined;
}

export function createOrderedStore({ what, taker, onFailure, after }: OrderedStoreOptions): BroadcastStore {
  let failed = false;
  let waiting = 0;

  function fail(error: unknown): void {
    if (failed) return;
    failed = true;
    onFailure(error instanceof Error ? error : new Error(String(error)));
  }

  let last: Promise<void> = (async () => {
    await after;
    await taker.begin();
  })().catch(fail);

  function then(work: () => Promise<void>): void {
    last = last.then(() => (failed ? undefined : work())).catch(fail);
  }

  return {
    write(name, content) {
      const { length } = content;
      if (waiting + length > MAX_WAITING) fail(new Error(`${what} is too slow`));
      waiting += length;
      then(() =>
        taker.write(name, content).finally(() => {
          waiting -= length;
        }),
      );
    },
    remove: name => then(() => taker.remove(name)),
    settled: () => last,
  };
}
