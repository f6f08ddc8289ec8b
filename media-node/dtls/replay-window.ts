const SIZE = 256;

/** Sliding window over the record numbers of one epoch (RFC 6347 §4.1.2.6). */
export interface ReplayWindow {
  /** True when the number was seen before or is too old to tell. */
  isReplay(sequence: number): boolean;
  /** Marks a number as seen; only for a record that authenticated. */
  accept(sequence: number): void;
}

export function createReplayWindow(): ReplayWindow {
  const seen = new Uint8Array(SIZE);
  let newest = -1;
  return {
    isReplay: sequence => sequence <= newest - SIZE || (sequence <= newest && seen[sequence % SIZE] === 1),
    accept(sequence) {
      if (sequence > newest) {
        if (sequence - newest >= SIZE) seen.fill(0);
        else for (let skipped = newest + 1; skipped < sequence; skipped++) seen[skipped % SIZE] = 0;
        newest = sequence;
      }
      seen[sequence % SIZE] = 1;
    },
  };
}
