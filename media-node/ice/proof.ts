import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { hasTransactionId, type StunMessage } from "../stun/message.ts";
import { createStunWriter } from "../stun/writer.ts";
import { type Generation, isSigned } from "./generation.ts";

/**
 * Asks a peer at its new address to answer one request of ours: its own signed check proves the password, not that the
 * source address is its own, so that media could otherwise be aimed at anybody.
 */
export interface Proof {
  /**
   * Asks on a path, or asks again: once now and once more if no answer comes.
   * @param allowance how many bytes may go there before the next call: the address may be a victim's
   */
  request(path: number, generation: Generation, allowance: number, now: number): void;
  /** Whether a message is the peer's answer to what was asked on this path. An error, or one unsigned, proves nothing. */
  isAnswered(message: StunMessage, path: number): boolean;
  /** Stops asking on a path. */
  cancel(path: number): void;
  tick(now: number): void;
  readonly deadline: number;
}

/** 20 + USERNAME 4 + 520 + PRIORITY 8 + ICE-CONTROLLED 12 + MESSAGE-INTEGRITY 24 + FINGERPRINT 8. */
const BUFFER_LENGTH = 600;
/** Initial retransmission time-out of STUN, RFC 8489 §6.2.1. */
const RETRY_AFTER = 500;
/** Checks come in bursts (every 48 ms): what was just asked isn't asked again at once. */
const LEAST_INTERVAL = 100;
/** That of a peer-reflexive candidate (RFC 8445 §5.1.2.1); a controlling peer takes note and decides by itself. */
const PRIORITY = 110 * 2 ** 24 + 65_535 * 2 ** 8 + 255;

export function createProof(
  send: (path: number, bytes: Uint8Array, offset: number, length: number) => void,
  random: (bytes: Uint8Array) => void,
): Proof {
  const buffer = new Uint8Array(new ArrayBuffer(BUFFER_LENGTH));
  const writer = createStunWriter();
  const transactionId = new Uint8Array(12);
  const tieBreaker = new Uint8Array(8);
  random(tieBreaker);
  let asked = -1;
  let by: Generation | undefined;
  let credit = 0;
  let sentAt = Number.NEGATIVE_INFINITY;
  let length = 0;

  function compose(generation: Generation): void {
    random(transactionId);
    writer.begin(buffer, 0, STUN_CLASS.request, STUN_METHOD.binding, transactionId, 0);
    writer.text(STUN_ATTRIBUTE.username, generation.remoteUsername);
    writer.uint32(STUN_ATTRIBUTE.priority, PRIORITY);
    writer.data(STUN_ATTRIBUTE.iceControlled, tieBreaker);
    writer.integrity(generation.remoteKey);
    writer.fingerprint();
    length = writer.finish();
  }

  function ask(now: number): void {
    credit -= length;
    sentAt = now;
    send(asked, buffer, 0, length);
  }

  function mayAsk(): boolean {
    return asked >= 0 && length > 0 && credit >= length;
  }

  return {
    request(path, generation, allowance, now) {
      if (path !== asked || generation !== by) {
        asked = path;
        by = generation;
        sentAt = Number.NEGATIVE_INFINITY;
        compose(generation);
      }
      credit = allowance;
      if (now - sentAt >= LEAST_INTERVAL && mayAsk()) ask(now);
    },
    isAnswered(message, path) {
      return (
        path === asked &&
        by !== undefined &&
        message.class === STUN_CLASS.success &&
        hasTransactionId(message, transactionId) &&
        isSigned(message, by.remoteKey)
      );
    },
    cancel(path) {
      if (path === asked) asked = -1;
    },
    tick(now) {
      if (now - sentAt >= RETRY_AFTER && mayAsk()) ask(now);
    },
    get deadline() {
      return mayAsk() ? sentAt + RETRY_AFTER : Number.POSITIVE_INFINITY;
    },
  };
}
