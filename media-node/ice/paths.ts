/**
 * The paths on which a peer has shown that it knows the session's password: a small fixed table in typed arrays. Path ids
 * are the caller's; positions in the table are internal and hold only until the next `add` or `remove`.
 */
export interface PathTable {
  readonly size: number;
  /** Position of a path, or -1. */
  find(path: number): number;
  /** Position of a path that was just checked, with a full answer budget. The table must have room. */
  add(path: number, now: number): number;
  /** Frees a position; others may move. */
  remove(position: number): void;
  readonly id: Int32Array;
  /** When the path last carried something that only the peer can have sent. */
  readonly heardAt: Float64Array;
  /** PRIORITY of the path's latest check. */
  readonly priority: Float64Array;
  /** 1 once the path's address has proven that the peer receives there. */
  readonly proven: Uint8Array;
  /** Takes one answer from the path's budget; false if it is used up. */
  takeAnswer(position: number, now: number): boolean;
}

/** More than two interfaces × two families × UDP and TCP need, even twice over during a hand-over. */
export const MAX_PATHS = 16;

/** A browser checks one pair every 48 ms at its most eager. */
const ANSWERS_PER_SECOND = 25;
const ANSWER_BURST = 40;

export function createPathTable(): PathTable {
  const id = new Int32Array(MAX_PATHS).fill(-1);
  const heardAt = new Float64Array(MAX_PATHS);
  const priority = new Float64Array(MAX_PATHS);
  const proven = new Uint8Array(MAX_PATHS);
  const answers = new Float64Array(MAX_PATHS);
  const answersAt = new Float64Array(MAX_PATHS);
  let size = 0;
  return {
    id,
    heardAt,
    priority,
    proven,
    get size() {
      return size;
    },
    find(path) {
      for (let i = 0; i < size; i++) if (id[i] === path) return i;
      return -1;
    },
    add(path, now) {
      const position = size++;
      id[position] = path;
      heardAt[position] = now;
      priority[position] = 0;
      proven[position] = 0;
      answers[position] = ANSWER_BURST;
      answersAt[position] = now;
      return position;
    },
    remove(position) {
      const last = --size;
      id[position] = id[last]!;
      heardAt[position] = heardAt[last]!;
      priority[position] = priority[last]!;
      proven[position] = proven[last]!;
      answers[position] = answers[last]!;
      answersAt[position] = answersAt[last]!;
      id[last] = -1;
    },
    takeAnswer(position, now) {
      const earned = ((now - answersAt[position]!) * ANSWERS_PER_SECOND) / 1000;
      const budget = Math.min(ANSWER_BURST, answers[position]! + earned);
      answersAt[position] = now;
      answers[position] = budget >= 1 ? budget - 1 : budget;
      return budget >= 1;
    },
  };
}
