import { randomFillSync } from "node:crypto";
import type { SlotPlan } from "../sdp/answer.ts";

const random = new Uint32Array(1);
/** A random number below 2^32. */
export function randomUint32(): number {
  randomFillSync(random);
  return random[0]!;
}

/** Numbers and names of a slot, which stay as long as its m-line. */
export interface SlotIdentity extends SlotPlan {
  readonly firstSequence: number;
  readonly firstRtxSequence: number;
  readonly firstTimestamp: number;
}

/** Makes the identities of a session's slots: SSRCs that are distinct within it, random beginnings (RFC 3550 §5.1). */
export function createSlotIdentities(): (mid: string, stream: number) => SlotIdentity {
  const taken = new Set<number>([0]);
  const ssrc = (): number => {
    let value = 0;
    while (taken.has(value)) value = randomUint32();
    taken.add(value);
    return value;
  };
  return (mid, stream) => ({
    ssrc: ssrc(),
    rtxSsrc: ssrc(),
    streamId: `seat-${stream}`,
    trackId: `slot-${mid}`,
    firstSequence: randomUint32() & 0x7fff,
    firstRtxSequence: randomUint32() & 0x7fff,
    firstTimestamp: randomUint32(),
  });
}
