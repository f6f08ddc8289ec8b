import type { KeyObject } from "node:crypto";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_ERROR } from "../stun/constants.ts";
import { createStunWriter, type StunWriter } from "../stun/writer.ts";
import { count, type TurnCounters } from "./counters.ts";
import type { ClientTransport } from "./io.ts";
import type { StunRequest } from "./request.ts";

/** How an answer is sealed: as its request was. */
export interface Seal {
  readonly key: KeyObject | undefined;
  readonly sha256: boolean;
  readonly fingerprint: boolean;
}

/** Writes answers. They are short (no SOFTWARE, no reason phrase): a forged source gets little more than was sent. */
export interface Responder {
  /** The seal of a request's answer. */
  sealOf(request: StunRequest): Seal;
  /** Begins an answer in the transport's slab. */
  begin(
    transport: ClientTransport,
    messageClass: number,
    method: number,
    transaction: Uint8Array,
    transactionAt: number,
  ): StunWriter;
  /** Seals and sends what was begun last. */
  finish(transport: ClientTransport, client: number, seal: Seal): void;
  /** Begins the success response to a request; `finish` sends it. */
  success(request: StunRequest): StunWriter;
  /** Answers with an error alone; a reason is told only to those who have proven who they are. */
  error(request: StunRequest, code: number, reason?: string): void;
  /** 420, with the attributes that were not understood. */
  unknown(request: StunRequest, types: Uint16Array, found: number): void;
  /** 401 or 438, with what the client needs to try again. */
  challenge(request: StunRequest, code: number, nonce: string, realm: string, algorithms: Uint8Array): void;
}

/** Room for any answer of ours. */
const MAX_ANSWER = 1024;

export function createResponder(counters: TurnCounters): Responder {
  const writer = createStunWriter();

  function sealOf({ message, authentication }: StunRequest): Seal {
    return {
      key: authentication.key,
      sha256: authentication.sha256,
      fingerprint: message.fingerprintAt >= 0,
    };
  }

  function begin(
    transport: ClientTransport,
    messageClass: number,
    method: number,
    transaction: Uint8Array,
    transactionAt: number,
  ): StunWriter {
    const at = transport.reserve(MAX_ANSWER);
    writer.begin(transport.slab, at, messageClass, method, transaction, transactionAt, at + MAX_ANSWER);
    return writer;
  }

  function finish(transport: ClientTransport, client: number, { key, sha256, fingerprint }: Seal): void {
    if (key && sha256) writer.integritySha256(key);
    else if (key) writer.integrity(key);
    if (fingerprint) writer.fingerprint();
    const length = writer.finish();
    if (length > 0) transport.commit(client, length);
  }

  function beginFor({ message, transport }: StunRequest, messageClass: number): StunWriter {
    return begin(transport, messageClass, message.method, message.bytes, message.start + 8);
  }

  function beginError(request: StunRequest, code: number, reason?: string): StunWriter {
    count(counters.errors, code);
    const answer = beginFor(request, STUN_CLASS.error);
    answer.errorCode(code, reason);
    return answer;
  }

  return {
    sealOf,
    begin,
    finish,
    success: request => beginFor(request, STUN_CLASS.success),
    error(request, code, reason) {
      beginError(request, code, reason);
      finish(request.transport, request.client, sealOf(request));
    },
    unknown(request, types, found) {
      beginError(request, STUN_ERROR.unknownAttribute).unknownAttributes(types, found);
      finish(request.transport, request.client, sealOf(request));
    },
    challenge(request, code, nonce, realm, algorithms) {
      const answer = beginError(request, code);
      answer.text(STUN_ATTRIBUTE.realm, realm);
      answer.text(STUN_ATTRIBUTE.nonce, nonce);
      answer.data(STUN_ATTRIBUTE.passwordAlgorithms, algorithms);
      finish(request.transport, request.client, sealOf(request));
    },
  };
}
