import type { KeyObject } from "node:crypto";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import type { StunMessage } from "../stun/message.ts";
import { createStunWriter } from "../stun/writer.ts";

/** Writes and sends the answers to one agent's checks. */
export interface Answers {
  succeed(request: StunMessage, key: KeyObject, path: number, address: string, port: number): void;
  /**
   * Answers with an error, as far as the budget for errors goes: it is one for all paths, since senders that failed to
   * authenticate must leave no state behind. Unsigned without a key; without a reason phrase, so that no answer is much
   * longer than its question.
   */
  refuse(
    request: StunMessage,
    code: number,
    key: KeyObject | undefined,
    path: number,
    now: number,
    unknown?: Uint16Array,
    unknownCount?: number,
  ): void;
}

/** Largest is a 420 with 8 attributes and a SHA-256 signature: 20 + 8 + 20 + 36 + 8. */
const BUFFER_LENGTH = 128;
const ERRORS_PER_SECOND = 5;
const ERROR_BURST = 10;

export function createAnswers(
  send: (path: number, bytes: Uint8Array, offset: number, length: number) => void,
  now: number,
): Answers {
  const buffer = new Uint8Array(new ArrayBuffer(BUFFER_LENGTH));
  const writer = createStunWriter();
  let errors = ERROR_BURST;
  let errorsAt = now;

  function begin(request: StunMessage, messageClass: number): void {
    writer.begin(buffer, 0, messageClass, STUN_METHOD.binding, request.bytes, request.start + 8);
  }

  function finish(request: StunMessage, key: KeyObject | undefined, path: number): void {
    if (key !== undefined && request.integritySha256At >= 0) writer.integritySha256(key);
    else if (key !== undefined) writer.integrity(key);
    writer.fingerprint();
    const length = writer.finish();
    if (length > 0) send(path, buffer, 0, length);
  }

  return {
    succeed(request, key, path, address, port) {
      begin(request, STUN_CLASS.success);
      writer.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, address, port);
      finish(request, key, path);
    },
    refuse(request, code, key, path, at, unknown, unknownCount = 0) {
      errors = Math.min(ERROR_BURST, errors + ((at - errorsAt) * ERRORS_PER_SECOND) / 1000);
      errorsAt = at;
      if (errors < 1) return;
      errors--;
      begin(request, STUN_CLASS.error);
      writer.errorCode(code);
      if (unknown !== undefined) writer.unknownAttributes(unknown, unknownCount);
      finish(request, key, path);
    },
  };
}
