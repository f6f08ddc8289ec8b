/** Most datagrams and bytes that one segmented message may hold; the bytes leave room for IP and UDP headers. */
export const MAX_SEGMENTS = 64;
const MAX_RUN_BYTES = 65_000;

/**
 * The datagrams waiting in a slab, as runs: datagrams of one size to one path that lie side by side; the last may be
 * shorter. Columns, one entry per run, so that nothing is allocated while packets flow.
 */
export interface Runs {
  readonly capacity: number;
  count: number;
  readonly paths: Int32Array;
  readonly offsets: Int32Array;
  readonly lengths: Int32Array;
  /** Size of all datagrams but perhaps the last. */
  readonly segmentSizes: Int32Array;
}

export function createRuns(capacity: number): Runs {
  return {
    capacity,
    count: 0,
    paths: new Int32Array(capacity),
    offsets: new Int32Array(capacity),
    lengths: new Int32Array(capacity),
    segmentSizes: new Int32Array(capacity),
  };
}

/** How many datagrams run `run` is. */
export function segmentCount(runs: Runs, run: number): number {
  return Math.ceil(runs.lengths[run]! / runs.segmentSizes[run]!);
}

/**
 * Adds a datagram, to the newest run where it fits.
 * @param mayJoin false for paths that take no segmented messages
 * @returns false when a new run was needed and there is no room for one
 */
export function addDatagram(runs: Runs, path: number, offset: number, length: number, mayJoin: boolean): boolean {
  const newest = runs.count - 1;
  if (mayJoin && newest >= 0 && runs.paths[newest] === path) {
    const total = runs.lengths[newest]!;
    const size = runs.segmentSizes[newest]!;
    const isAdjacent = runs.offsets[newest]! + total === offset;
    const isOpen = total % size === 0 && total < size * MAX_SEGMENTS;
    if (isAdjacent && isOpen && length <= size && total + length <= MAX_RUN_BYTES) {
      runs.lengths[newest] = total + length;
      return true;
    }
  }
  return addRun(runs, path, offset, length, length);
}

/** Adds a whole run of `length` bytes, cut into datagrams of `segmentSize`. @returns false when there is no room for it */
export function addRun(runs: Runs, path: number, offset: number, segmentSize: number, length: number): boolean {
  if (runs.count === runs.capacity) return false;
  const run = runs.count++;
  runs.paths[run] = path;
  runs.offsets[run] = offset;
  runs.lengths[run] = length;
  runs.segmentSizes[run] = segmentSize;
  return true;
}
