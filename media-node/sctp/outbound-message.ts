import { BEGIN, END, UNORDERED } from "./chunks.ts";

/** A user message to send. */
export interface OutboundMessage {
  readonly stream: number;
  readonly ppid: number;
  readonly payload: Uint8Array;
  readonly ordered: boolean;
  /** Times that a chunk may be sent again before the message is given up (RFC 7496); Infinity for reliable. */
  readonly maxRetransmits: number;
  /** When the message is given up, in ms of the caller's clock; Infinity for never. */
  readonly expiresAt: number;
}

/** A message on its way. */
export interface MessageState {
  readonly message: OutboundMessage;
  /** Given at the first fragment. */
  ssn: number;
  /** Bytes cut off so far. */
  cut: number;
  abandoned: boolean;
}

/** A DATA chunk that was sent and isn't acknowledged cumulatively. */
export interface SentChunk {
  readonly tsn: number;
  readonly owner: MessageState;
  readonly flags: number;
  readonly payload: Uint8Array;
  sentAt: number;
  sentCount: number;
  /** Acknowledgements of later chunks since it was sent (RFC 9260 §7.2.4). */
  missing: number;
  /** `waiting` to be sent, once more or for the first time; `flying` counts against the windows. */
  state: "waiting" | "flying" | "acked" | "abandoned";
}

/** Cuts the next fragment of at most `limit` bytes off a message. */
export function cutFragment(owner: MessageState, tsn: number, limit: number): SentChunk {
  const { payload, ordered } = owner.message;
  const piece = payload.subarray(owner.cut, owner.cut + limit);
  let flags = ordered ? 0 : UNORDERED;
  if (owner.cut === 0) flags |= BEGIN;
  owner.cut += piece.length;
  if (owner.cut === payload.length) flags |= END;
  return { tsn, owner, flags, payload: piece, sentAt: 0, sentCount: 0, missing: 0, state: "waiting" };
}
