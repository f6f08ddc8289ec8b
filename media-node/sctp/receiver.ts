import { type DataChunk, encodeSack, type ForwardTsn, IMMEDIATE } from "./chunks.ts";
import { createReassembly, type Message } from "./reassembly.ts";
import { isAfter, plus } from "./serial.ts";
import { createTsnRanges } from "./tsn-ranges.ts";

/** The window that we advertise: what may lie here unfinished or out of turn, in bytes. */
export const RECEIVE_WINDOW = 262_144;
/** Streams that we offer to receive on; browsers use no id above 1023. */
export const INBOUND_STREAMS = 1_024;
/** Longest time that an acknowledgement waits for company, in ms (RFC 9260 §6.2 allows 200). */
const SACK_DELAY = 50;
/** Gaps reported in one SACK. */
const MOST_GAPS = 64;

/** The receiving half of an association: acknowledges chunks and hands out messages. Memory is bounded. */
export interface Receiver {
  readonly cumulativeTsn: number;
  /** When the SACK must leave: 0 for at once, Infinity for not at all. */
  readonly sackDueAt: number;
  /** Takes a DATA chunk. False when its message is too large: the association must end. */
  onData(chunk: DataChunk): boolean;
  onForwardTsn(forward: ForwardTsn): void;
  /** Call once for each packet that had DATA or FORWARD TSN, after its chunks: settles when to acknowledge. */
  endOfPacket(now: number): void;
  /** The SACK for the present state. */
  takeSack(): Uint8Array;
  /** Starts the streams anew; all of them when the list is empty. */
  reset(streams: readonly number[]): void;
}

export function createReceiver(
  initialTsn: number,
  maxMessageSize: number,
  deliver: (message: Message) => void,
): Receiver {
  const received = createTsnRanges(initialTsn);
  const reassembly = createReassembly(maxMessageSize, deliver);
  let sackDueAt = Number.POSITIVE_INFINITY;
  let packetsUnacknowledged = 0;
  /** Gaps, repeats, and chunks that ask for it are acknowledged at once (RFC 9260 §6.7, RFC 7053). */
  let urgent = false;

  return {
    get cumulativeTsn() {
      return received.cumulative;
    },
    get sackDueAt() {
      return sackDueAt;
    },
    onData(chunk) {
      const isNext = chunk.tsn === plus(received.cumulative, 1);
      // The chunk that closes the first gap is taken though the window is full, else nothing would ever move.
      const limit = isNext ? RECEIVE_WINDOW + maxMessageSize : RECEIVE_WINDOW;
      if (reassembly.held + chunk.payload.length > limit || received.add(chunk.tsn) !== "new") {
        urgent = true;
        return true;
      }
      if (!isNext || received.hasGaps || (chunk.flags & IMMEDIATE) !== 0) urgent = true;
      return chunk.stream >= INBOUND_STREAMS || reassembly.add(chunk);
    },
    onForwardTsn({ cumulativeTsn, skips }) {
      urgent = true;
      if (!isAfter(cumulativeTsn, received.cumulative)) return;
      received.forward(cumulativeTsn);
      reassembly.forward(
        cumulativeTsn,
        skips.filter(([stream]) => stream < INBOUND_STREAMS),
      );
    },
    endOfPacket(now) {
      packetsUnacknowledged++;
      const atOnce = urgent || packetsUnacknowledged >= 2;
      sackDueAt = atOnce ? 0 : Math.min(sackDueAt, now + SACK_DELAY);
    },
    takeSack() {
      sackDueAt = Number.POSITIVE_INFINITY;
      packetsUnacknowledged = 0;
      urgent = false;
      return encodeSack({
        cumulativeTsn: received.cumulative,
        window: Math.max(0, RECEIVE_WINDOW - reassembly.held),
        gaps: received.gaps(MOST_GAPS),
      });
    },
    reset: reassembly.reset,
  };
}
