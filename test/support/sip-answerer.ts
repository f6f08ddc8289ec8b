import { createSecretKey, randomBytes } from "node:crypto";
import { createDigestServer } from "../../media-node/gateway/sip/auth/server.ts";
import {
  type AudioAgreement,
  type AudioMedia,
  createAudioMedia,
} from "../../media-node/gateway/sip/description/audio-media.ts";
import { userOf } from "../../media-node/gateway/sip/message/uri.ts";
import type { CallOptions, IncomingCall, SipCall } from "../../media-node/gateway/sip/session/call.ts";
import type { SipCallEnd, SipCallEvents } from "../../media-node/gateway/sip/session/media.ts";
import type { Referral } from "../../media-node/gateway/sip/session/referrals.ts";
import {
  openSipEndpoint,
  type SipEndpoint,
  type SipEndpointOptions,
} from "../../media-node/gateway/sip/socket/endpoint.ts";

export const SIP_USER = "alice";
export const SIP_PASSWORD = "wonderland";

/** A call of the answerer's, and what it was told. */
export interface AnsweredCall {
  readonly media: AudioMedia;
  readonly log: string[];
  readonly agreements: AudioAgreement[];
  readonly established: Promise<void>;
  readonly ended: Promise<SipCallEnd>;
  /** What it was asked by REFER, all of which it takes. */
  readonly referrals: Referral[];
  call: SipCall | undefined;
}

export interface SipAnswerer {
  readonly endpoint: SipEndpoint;
  /** The calls that came in, newest last, by the user that was called. */
  readonly calls: Map<string, AnsweredCall[]>;
  dial(target: string, options?: Pick<CallOptions, "isOfferDelayed" | "credentials" | "headers">): AnsweredCall;
}

let sessions = 0;

function createAnsweredCall(): AnsweredCall & { readonly events: SipCallEvents } {
  const established = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<SipCallEnd>();
  const log: string[] = [];
  const agreements: AudioAgreement[] = [];
  const referrals: Referral[] = [];
  const media = createAudioMedia({
    address: "127.0.0.1",
    port: 40_000,
    codecs: [
      { name: "PCMU", clockRate: 8000, channels: 1, payloadType: 0, parameters: "" },
      { name: "PCMA", clockRate: 8000, channels: 1, payloadType: 8, parameters: "" },
      { name: "telephone-event", clockRate: 8000, channels: 1, payloadType: 101, parameters: "0-16" },
    ],
    sessionId: String(++sessions),
    agreed: agreement => agreements.push(agreement),
  });
  return {
    media,
    log,
    agreements,
    referrals,
    established: established.promise,
    ended: ended.promise,
    call: undefined,
    events: {
      progress: status => log.push(String(status)),
      established() {
        log.push("established");
        established.resolve();
      },
      info(type, body) {
        log.push(`info ${type} ${Buffer.from(body).toString()}`);
        return 200;
      },
      offerRefused: status => log.push(`refused ${status}`),
      referred(referral) {
        referrals.push(referral);
        return 202;
      },
      transferProgress: status => log.push(`transfer ${status}`),
      ended(end) {
        log.push(`ended ${end.by} ${end.status}`);
        ended.resolve(end);
      },
    },
  };
}

/** How the answerer treats who is called: by that name. */
function answer(user: string, call: IncomingCall, own: AnsweredCall, now: number): void {
  if (user === "early") call.progress(183, now, own.media);
  else call.progress(180, now);
  if (user === "busy") call.reject(486, now);
  else if (user !== "ringing") call.accept(own.media, now);
}

/** A SIP endpoint on loopback that takes calls with a description and no media: `digest` asks for a password first. */
export async function openSipAnswerer(options: Partial<SipEndpointOptions> = {}): Promise<SipAnswerer> {
  const calls = new Map<string, AnsweredCall[]>();
  const digest = createDigestServer({
    realm: "tandem",
    key: createSecretKey(randomBytes(32)),
    randomBytes,
    // sipp reads the first challenge only, and knows nothing but MD5.
    algorithms: ["MD5"],
  });
  const endpoint = await openSipEndpoint({
    address: "127.0.0.1",
    ...options,
    handler: {
      admit(invite, { address }, now) {
        if (userOf(invite.target) !== "digest") return { kind: "accept" };
        const verdict = digest.verify(invite, address, now, name => (name === SIP_USER ? SIP_PASSWORD : undefined));
        if (verdict.ok) return { kind: "accept" };
        const challenges = digest.challenge(address, now, verdict.isStale);
        return { kind: "refuse", status: 401, headers: { "www-authenticate": challenges } };
      },
      called(call, now) {
        const user = userOf(call.invite.target);
        const own = createAnsweredCall();
        own.call = call;
        calls.set(user, [...(calls.get(user) ?? []), own]);
        queueMicrotask(() => answer(user, call, own, now));
        return own.events;
      },
    },
  });
  return {
    endpoint,
    calls,
    dial(target, more = {}) {
      const own = createAnsweredCall();
      own.call = endpoint.stack.call(
        { target, from: { uri: "sip:tandem@127.0.0.1" }, media: own.media, events: own.events, ...more },
        endpoint.now(),
      );
      return own;
    },
  };
}
