import { randomFillSync } from "node:crypto";
import { STUN_ATTRIBUTE } from "../stun/constants.ts";
import { attributeLength, findAttribute, type StunMessage } from "../stun/message.ts";

/** A user name fragment and its password (RFC 8445 §5.3). */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

/** ice-char of RFC 8839 §5.4: exactly 64, so a random byte's low six bits pick one without bias. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** Two characters name the worker, six are random: 36 bits, of which RFC 8445 asks 24. */
const WORKER_CHARACTERS = 2;
const UFRAG_CHARACTERS = 6;
/** 144 bits, of which RFC 8445 asks 128. */
const PASSWORD_CHARACTERS = 24;
const MAX_WORKER_ID = 64 ** WORKER_CHARACTERS - 1;

function text(random: Uint8Array): string {
  let characters = "";
  for (const byte of random) characters += ALPHABET[byte & 63];
  return characters;
}

/**
 * Makes credentials whose ufrag names the media worker: no two workers of a node ever give the same one, and whoever shares
 * a port among workers can tell by a first check whose it is.
 * @param workerId 0 to 4095
 * @param fill writes random bytes; must be cryptographically strong outside tests
 */
export function createIceCredentials(
  workerId: number,
  fill: (bytes: Uint8Array) => void = randomFillSync,
): IceCredentials {
  if (!Number.isInteger(workerId) || workerId < 0 || workerId > MAX_WORKER_ID) {
    throw new RangeError(`worker id ${workerId} is outside 0-${MAX_WORKER_ID}`);
  }
  const random = new Uint8Array(UFRAG_CHARACTERS + PASSWORD_CHARACTERS);
  fill(random);
  const worker = ALPHABET.charAt(workerId >> 6) + ALPHABET.charAt(workerId & 63);
  return {
    ufrag: worker + text(random.subarray(0, UFRAG_CHARACTERS)),
    password: text(random.subarray(UFRAG_CHARACTERS)),
  };
}

const COLON = 0x3a;
const MAX_UFRAG = 256;

/**
 * The receiver's ufrag in a check's USERNAME (`receiver:sender`, RFC 8445 §7.2.2): what an unknown sender's first packet
 * is routed by. Proves nothing.
 * @returns undefined if the message carries none, as a plain STUN request does
 */
export function receiverUfrag(message: StunMessage): string | undefined {
  const at = findAttribute(message, STUN_ATTRIBUTE.username);
  if (at < 0) return undefined;
  const { bytes } = message;
  const end = at + 4 + Math.min(attributeLength(message, at), MAX_UFRAG + 1);
  let ufrag = "";
  for (let i = at + 4; i < end; i++) {
    if (bytes[i] === COLON) return ufrag;
    ufrag += String.fromCharCode(bytes[i]!);
  }
  return undefined;
}
