import { randomBytes } from "node:crypto";
import { createCertificate } from "../../media-node/dtls/certificate.ts";
import { createTestClient } from "../../media-node/dtls/testing/test-client.ts";
import { createInboundSrtp, type InboundSrtp } from "../../media-node/srtp/inbound.ts";
import { createOutboundSrtp, type OutboundSrtp } from "../../media-node/srtp/outbound.ts";
import { srtpProfiles } from "../../media-node/srtp/profiles.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../../media-node/stun/constants.ts";
import { shortTermKey } from "../../media-node/stun/credentials.ts";
import { createStunWriter } from "../../media-node/stun/writer.ts";
import type { SessionOffer } from "../../src/protocol/index.ts";
import { createOffer } from "./offer.ts";

/** As much of a WebRTC client as it takes to get SRTP keys: checks, shakes hands, and keeps consent alive. */
export interface Client {
  readonly offer: SessionOffer;
  readonly connected: boolean;
  /** Set once connected. */
  readonly inbound: InboundSrtp | undefined;
  readonly outbound: OutboundSrtp | undefined;
  /** Takes the answer and begins. */
  accept(answer: string, now: number): void;
  handleStun(): void;
  /** `bytes` are kept. */
  handleDtls(bytes: Uint8Array, now: number): void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
}

/** As Chromium, once a pair is selected. */
const CHECK_INTERVAL = 2_500;
const FIRST_CHECK_INTERVAL = 200;

// Shared by all clients of a process: its key is what costs.
const certificate = createCertificate({ unixTime: Date.now() });
const writer = createStunWriter();
const check = new Uint8Array(new ArrayBuffer(256));

export function createClient(send: (bytes: Uint8Array) => void): Client {
  const ufrag = randomBytes(6).toString("base64");
  const { fingerprint } = certificate;
  const offer = createOffer({
    sessionId: randomBytes(4).readUInt32BE(),
    ufrag,
    password: randomBytes(18).toString("base64"),
    fingerprint,
  });
  let username = "";
  let key: ReturnType<typeof shortTermKey>;
  let checked = false;
  let nextCheck = Number.POSITIVE_INFINITY;
  let clock = 0;
  let inbound: InboundSrtp | undefined;
  let outbound: OutboundSrtp | undefined;
  const dtls = createTestClient({ certificate, send });

  function sendCheck(): void {
    writer.begin(check, 0, STUN_CLASS.request, STUN_METHOD.binding, randomBytes(12), 0);
    writer.text(STUN_ATTRIBUTE.username, username);
    writer.uint32(STUN_ATTRIBUTE.priority, 1_000_000);
    writer.uint64(STUN_ATTRIBUTE.iceControlling, 1, 1);
    if (!checked) writer.flag(STUN_ATTRIBUTE.useCandidate);
    writer.integrity(key!);
    writer.fingerprint();
    send(check.subarray(0, writer.finish()));
  }

  return {
    offer,
    get connected() {
      return outbound !== undefined;
    },
    get inbound() {
      return inbound;
    },
    get outbound() {
      return outbound;
    },
    accept(answer, now) {
      const value = (name: string): string => new RegExp(`^a=${name}:(.*)\r$`, "m").exec(answer)?.[1] ?? "";
      username = `${value("ice-ufrag")}:${ufrag}`;
      key = shortTermKey(value("ice-pwd"));
      nextCheck = now;
    },
    handleStun() {
      // The only one who knows this socket is the server, and it asks nothing of a client that does not move.
      if (checked) return;
      checked = true;
      dtls.start(clock);
    },
    handleDtls(bytes, now) {
      if (outbound !== undefined) return;
      dtls.handle(bytes, now);
      const { srtp } = dtls;
      const profile = srtpProfiles.find(({ name }) => name === srtp?.profile);
      if (!dtls.connected || srtp === undefined || profile === undefined) return;
      // The keys are named from the server's end.
      outbound = createOutboundSrtp({ master: { profile, key: srtp.remoteKey, salt: srtp.remoteSalt } });
      inbound = createInboundSrtp({ master: { profile, key: srtp.localKey, salt: srtp.localSalt } });
    },
    tick(now) {
      clock = now;
      if (now >= nextCheck) {
        nextCheck = now + (checked ? CHECK_INTERVAL : FIRST_CHECK_INTERVAL);
        sendCheck();
      }
      if (checked && outbound === undefined) dtls.tick(now);
    },
  };
}
