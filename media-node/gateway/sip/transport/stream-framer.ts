import { MAX_BODY, MAX_HEAD } from "../message/parse.ts";

/**
 * Cuts a stream into SIP messages by their Content-Length (RFC 3261 §18.3). Memory is bounded by the longest message; a
 * stream that can't be cut ends.
 */
export interface StreamFramer {
  /** @returns false when the stream can't be followed any further; nothing after that is delivered */
  push(chunk: Uint8Array): boolean;
  /** Whether a message has begun and not ended; what may be half a ping doesn't count. */
  readonly isPartial: boolean;
}

export interface StreamFramerEvents {
  /** A whole message; its bytes may be kept. False stops. */
  message(bytes: Uint8Array): boolean;
  /** A double CRLF between messages: to be answered by one (RFC 5626 §3.5.1). */
  ping(): void;
  /** A single one, which answers ours; it may be the first half of a ping, too. */
  pong(): void;
}

const CR = 0x0d;
const LF = 0x0a;
const CONTENT_LENGTH = /\r\n(?:content-length|l)[ \t]*:[ \t]*(?:\r\n[ \t]+)?(\d{1,8})[ \t]*(?=\r\n)/gi;

export function createStreamFramer({ message, ping, pong }: StreamFramerEvents): StreamFramer {
  let held = Buffer.alloc(0);
  /** Where the end of the head is looked for: what was seen before isn't looked at again. */
  let searched = 0;
  /** Length of the message that is under way once its head is known, else 0. */
  let needed = 0;
  let isOver = false;

  /** Length of the message at the start of `held`, 0 while its head isn't whole, -1 if it can't be told. */
  function measure(): number {
    const end = held.indexOf("\r\n\r\n", Math.max(0, searched - 3));
    if (end < 0) {
      searched = held.length;
      return held.length > MAX_HEAD ? -1 : 0;
    }
    if (end > MAX_HEAD) return -1;
    const lengths = [...held.toString("latin1", 0, end + 2).matchAll(CONTENT_LENGTH)];
    const length = Number(lengths[0]?.[1] ?? -1);
    return lengths.length !== 1 || length < 0 || length > MAX_BODY ? -1 : end + 4 + length;
  }

  /** Removes line ends between messages; pings are answered. */
  function skipLineEnds(): void {
    let at = 0;
    while (held[at] === CR && held[at + 1] === LF) {
      if (held[at + 2] === CR && held[at + 3] === LF) {
        ping();
        at += 4;
      } else if (held.length - at > 2 && held[at + 2] !== CR) {
        pong();
        at += 2;
      } else break;
    }
    held = held.subarray(at);
  }

  function cut(): boolean {
    for (;;) {
      if (needed === 0) {
        if (held[0] === CR) skipLineEnds();
        // What is left of line ends may be half a ping.
        if (held[0] === CR && held.length === 2) pong();
        if (held.length === 0 || (held[0] === CR && held.length < 4)) return true;
        needed = measure();
        if (needed < 0) return false;
      }
      if (needed === 0 || held.length < needed) return true;
      const whole = held.subarray(0, needed);
      held = held.subarray(needed);
      needed = 0;
      searched = 0;
      if (!message(whole)) return false;
    }
  }

  return {
    get isPartial() {
      return held.length > 0 && held[0] !== CR;
    },
    push(chunk) {
      if (isOver) return false;
      held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
      if (!cut()) {
        isOver = true;
        held = Buffer.alloc(0);
      }
      return !isOver;
    },
  };
}
