import type { Direction } from "../../../sdp/rtp-formats.ts";

const SENDS = 1;
const RECEIVES = 2;
const DIRECTIONS: readonly Direction[] = ["inactive", "sendonly", "recvonly", "sendrecv"];

function bitsOf(direction: Direction): number {
  return DIRECTIONS.indexOf(direction);
}

/** The same stream seen from its other end. */
export function reverse(direction: Direction): Direction {
  const bits = bitsOf(direction);
  return DIRECTIONS[(bits & SENDS ? RECEIVES : 0) | (bits & RECEIVES ? SENDS : 0)]!;
}

/** What both allow. */
export function both(a: Direction, b: Direction): Direction {
  return DIRECTIONS[bitsOf(a) & bitsOf(b)]!;
}

/** The direction to answer with: the offer's from our end, as far as we want it (RFC 3264 §6.1). */
export function answerDirection(offered: Direction, wanted: Direction): Direction {
  return both(reverse(offered), wanted);
}

/** Whether an attribute of that name says one. */
export function isDirection(name: string): boolean {
  return name === "sendrecv" || name === "sendonly" || name === "recvonly" || name === "inactive";
}
