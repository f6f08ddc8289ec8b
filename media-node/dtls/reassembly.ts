import type { HandshakeFragment, HandshakeMessage } from "./handshake-message.ts";

/** What became of a fragment: kept, a piece of a message already delivered, or refused. */
export type FragmentFate = "kept" | "old" | "refused";

/** What the protocol allows at one place of a handshake. */
export interface ExpectedMessage {
  readonly type: number;
  /** Longest body accepted, in bytes; bounds the memory of a half-received message. */
  readonly limit: number;
}

/**
 * Puts handshake messages together from fragments that come in any order, twice, or overlapping (RFC 6347 §4.2.3).
 * The whole course of messages is known beforehand, so a fragment of another type, of an undue size or beyond the
 * course is refused at once: what is kept never exceeds the sum of the limits.
 */
export interface Reassembler {
  add(fragment: HandshakeFragment): FragmentFate;
  /** The next message in order if it is whole; each is handed out once. */
  next(): HandshakeMessage | undefined;
  /** Forgets the message handed out last, so that it may come again. */
  rewind(): void;
  clear(): void;
}

interface Partial {
  readonly body: Uint8Array;
  readonly has: Uint8Array;
  missing: number;
}

/** @param first sequence number of the course's first message */
export function createReassembler(course: readonly ExpectedMessage[], first = 0): Reassembler {
  const partials: (Partial | undefined)[] = course.map(() => undefined);
  let nextSequence = first;
  return {
    add({ type, length, sequence, offset, data }) {
      if (sequence < nextSequence) return "old";
      const index = sequence - first;
      const expected = course[index];
      if (expected === undefined || type !== expected.type || length > expected.limit) return "refused";
      if (data.length === 0 && length > 0) return "refused";
      let partial = partials[index];
      // Two lengths for one message: one of them is forged or damaged. The newer wins, since the true one is sent
      // again and again, and a single forged packet must not block it for good.
      if (partial?.body.length !== length) {
        partial = { body: new Uint8Array(length), has: new Uint8Array(length), missing: length };
        partials[index] = partial;
      }
      for (let at = 0; at < data.length; at++) {
        if (partial.has[offset + at] === 1) continue;
        partial.has[offset + at] = 1;
        partial.body[offset + at] = data[at]!;
        partial.missing--;
      }
      return "kept";
    },
    next() {
      const index = nextSequence - first;
      const partial = partials[index];
      if (partial === undefined || partial.missing > 0) return undefined;
      partials[index] = undefined;
      const sequence = nextSequence++;
      return { type: course[index]!.type, sequence, body: partial.body };
    },
    rewind() {
      nextSequence--;
    },
    clear() {
      partials.fill(undefined);
    },
  };
}
