import type { Duplex } from "node:stream";

/** Bytes on their way from one stream to another, no faster than the other takes them and the budget allows. */
export interface Pipe {
  /** Goes on if the budget allows it again; to be called about once a second. */
  tick(): void;
}

export interface PipeOptions {
  readonly from: Duplex;
  readonly to: Duplex;
  /** Bytes passed. @returns false: no more for now */
  readonly passed: (bytes: number) => boolean;
  /** Whether more may pass after it did not. */
  readonly mayPass: () => boolean;
}

/** Begins at once. What is held is what the streams themselves hold: a chunk each way and their buffers. */
export function createPipe({ from, to, passed, mayPass }: PipeOptions): Pipe {
  let isFull = false;
  let isOver = false;

  function goOn(): void {
    if (!isFull && !isOver) from.resume();
  }

  to.on("drain", () => {
    isFull = false;
    goOn();
  });
  from.on("data", (chunk: Uint8Array) => {
    isOver = !passed(chunk.length);
    isFull = !to.write(chunk);
    if (isOver || isFull) from.pause();
  });
  from.resume();
  return {
    tick() {
      if (!isOver || !mayPass()) return;
      isOver = false;
      goOn();
    },
  };
}
