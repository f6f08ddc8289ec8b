import { readdirSync, readFileSync } from "node:fs";
import type { AnswerPlan, MediaPlan } from "./answer.ts";
import type { SdpResult } from "./failure.ts";
import { type Negotiation, negotiate } from "./negotiate.ts";
import { type Offer, parseOffer } from "./offer.ts";

const directory = new URL("./fixtures/", import.meta.url);

/** A recorded offer: see fixtures/README.md. */
export function fixture(name: string): string {
  return readFileSync(new URL(`${name}.sdp`, directory), "utf8");
}

/** Names of all offers that a WebRTC endpoint made. */
export const OFFERS = readdirSync(directory)
  .filter(file => file.endsWith(".sdp") && file !== "sip.sdp")
  .map(file => file.slice(0, -4));

export function unwrap<T>(result: SdpResult<T>): T {
  if (!result.ok) throw new Error(`line ${result.error.line}: ${result.error.reason}`);
  return result.value;
}

export function offerOf(text: string): Offer {
  return unwrap(parseOffer(text));
}

export function negotiationOf(text: string): Negotiation {
  return unwrap(negotiate(offerOf(text)));
}

/** A plan that grants everything, or what `media` says. */
export function planFor(negotiation: Negotiation, media?: readonly (MediaPlan | undefined)[]): AnswerPlan {
  return {
    sessionId: "4711",
    version: 1,
    ice: { ufrag: "AAufragx", password: "passwordpasswordpassword" },
    candidates: ["1 1 udp 2130706431 192.0.2.1 7000 typ host"],
    fingerprint: { algorithm: "sha-256", value: "AB:CD" },
    cname: "tandem",
    maxMessageSize: 262_144,
    media:
      media ??
      negotiation.media.map((_, i) => ({
        receive: true,
        send: { ssrc: 1000 + i, rtxSsrc: 2000 + i, streamId: `stream${i}`, trackId: `track${i}` },
      })),
  };
}
