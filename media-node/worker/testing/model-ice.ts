import { randomBytes } from "node:crypto";
import type { IceCredentials } from "../../ice/credentials.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../../stun/constants.ts";
import { shortTermKey } from "../../stun/credentials.ts";
import { createStunMessage, parseStun } from "../../stun/message.ts";
import { createStunWriter } from "../../stun/writer.ts";

/** A full ICE agent as little of it as an ICE-lite node needs: checks one pair, nominating it, and answers checks. */
export interface ModelIce {
  local: IceCredentials;
  remote: IceCredentials | undefined;
  /** Sends a check, signed, with USE-CANDIDATE. */
  check(): void;
  /** @returns what came; `answered` is a success response to a check. */
  handle(bytes: Uint8Array): "answered" | "asked" | "broken" | "other";
}

export function modelCredentials(): IceCredentials {
  return { ufrag: randomBytes(6).toString("base64"), password: randomBytes(18).toString("base64") };
}

export function createModelIce(send: (bytes: Uint8Array) => void): ModelIce {
  const writer = createStunWriter();
  const message = createStunMessage();

  function write(messageClass: number, transaction: Uint8Array, offset: number, body: () => void, key: string): void {
    const bytes = new Uint8Array(new ArrayBuffer(200));
    writer.begin(bytes, 0, messageClass, STUN_METHOD.binding, transaction, offset);
    body();
    writer.integrity(shortTermKey(key)!);
    writer.fingerprint();
    send(bytes.subarray(0, writer.finish()));
  }

  const ice: ModelIce = {
    local: modelCredentials(),
    remote: undefined,
    check() {
      const { local, remote } = ice;
      if (remote === undefined) return;
      const body = (): void => {
        writer.text(STUN_ATTRIBUTE.username, `${remote.ufrag}:${local.ufrag}`);
        writer.uint32(STUN_ATTRIBUTE.priority, 1_000_000);
        writer.uint64(STUN_ATTRIBUTE.iceControlling, 1, 1);
        writer.flag(STUN_ATTRIBUTE.useCandidate);
      };
      write(STUN_CLASS.request, randomBytes(12), 0, body, remote.password);
    },
    handle(bytes) {
      if (!parseStun(message, bytes, 0, bytes.length)) return "broken";
      if (message.class === STUN_CLASS.success) return "answered";
      if (message.class !== STUN_CLASS.request) return "other";
      write(STUN_CLASS.success, bytes, 8, () => {}, ice.local.password);
      return "asked";
    },
  };
  return ice;
}
