import { type AudioAgreement, type AudioMedia, createAudioMedia } from "../description/audio-media.ts";
import type { SipCallEnd, SipCallEvents } from "../session/media.ts";
import type { Referral } from "../session/referrals.ts";

export const CODECS = [
  { name: "PCMU", clockRate: 8000, channels: 1, payloadType: 0, parameters: "" },
  { name: "PCMA", clockRate: 8000, channels: 1, payloadType: 8, parameters: "" },
  { name: "opus", clockRate: 48000, channels: 2, payloadType: 96, parameters: "useinbandfec=1" },
  { name: "telephone-event", clockRate: 8000, channels: 1, payloadType: 101, parameters: "0-16" },
] as const;

/** One end of a call under test: its media, and what it was told, in order. */
export interface TestEnd {
  readonly media: AudioMedia;
  readonly events: SipCallEvents;
  /** `180`, `established`, `info …`, `refused 488`, `ended remote 486`, … */
  readonly log: string[];
  readonly agreements: AudioAgreement[];
  readonly end: SipCallEnd | undefined;
  /** What it was asked by REFER, all of which it takes. */
  readonly referrals: Referral[];
}

let sessions = 0;

export function createTestEnd(address = "192.0.2.10"): TestEnd {
  const log: string[] = [];
  const agreements: AudioAgreement[] = [];
  const referrals: Referral[] = [];
  let end: SipCallEnd | undefined;
  const media = createAudioMedia({
    address,
    port: 4000,
    codecs: CODECS,
    sessionId: String(++sessions),
    agreed: agreement => agreements.push(agreement),
  });
  return {
    media,
    log,
    agreements,
    referrals,
    get end() {
      return end;
    },
    events: {
      progress: status => log.push(String(status)),
      established: () => log.push("established"),
      info(type, body) {
        log.push(`info ${type} ${Buffer.from(body).toString()}`);
        return type === "application/dtmf-relay" ? 200 : 415;
      },
      offerRefused: status => log.push(`refused ${status}`),
      referred(referral) {
        referrals.push(referral);
        return 202;
      },
      transferProgress: status => log.push(`transfer ${status}`),
      ended(told) {
        end = told;
        log.push(`ended ${told.by} ${told.status}`);
      },
    },
  };
}
