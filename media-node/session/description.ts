import { type NodeParticipant, type SessionOffer, TandemError } from "../../src/protocol/index.ts";
import type { IceCredentials } from "../ice/credentials.ts";
import { type AnswerPlan, answerDirection, createAnswer, type MediaPlan } from "../sdp/answer.ts";
import type { SdpResult } from "../sdp/failure.ts";
import { type NegotiatedMedia, type Negotiation, negotiate } from "../sdp/negotiate.ts";
import { parseOffer } from "../sdp/offer.ts";
import { compareOffers, type Reoffer } from "../sdp/reoffer.ts";
import { mayReceive, maySend } from "./grants.ts";
import { assignRoles, type Role } from "./roles.ts";
import type { SlotIdentity } from "./slot-identity.ts";

/** One m-line of a session as it was answered. */
export interface MediaLine {
  readonly negotiated: NegotiatedMedia;
  readonly role: Role | undefined;
  /** Set for slots. */
  readonly identity: SlotIdentity | undefined;
  /** Whether the peer may send on it. */
  readonly receives: boolean;
  /** Whether we may. */
  readonly sends: boolean;
}

/** An offer understood: over which transport, and what each m-line is for. */
export interface ReadOffer {
  readonly offer: SessionOffer;
  readonly negotiation: Negotiation;
  readonly roles: readonly (Role | undefined)[];
}

function unwrap<T>(result: SdpResult<T>): T {
  if (result.ok) return result.value;
  const { line, reason } = result.error;
  throw new TandemError("media-offer", line > 0 ? `line ${line}: ${reason}` : reason);
}

/** @throws TandemError `media-offer`, naming the line that can't be answered */
export function readOffer(offer: SessionOffer): ReadOffer {
  const negotiation = unwrap(negotiate(unwrap(parseOffer(offer.sdp))));
  return { offer, negotiation, roles: assignRoles(negotiation, offer) };
}

/** An offer as its maker would write it after an ICE restart: the same with other credentials. */
export function restarted(offer: SessionOffer, { ufrag, password }: IceCredentials): SessionOffer {
  const sdp = offer.sdp
    .replace(/^(a=ice-ufrag:)[^\r\n]*/gm, (_, name) => name + ufrag)
    .replace(/^(a=ice-pwd:)[^\r\n]*/gm, (_, name) => name + password);
  return { ...offer, sdp };
}

/**
 * What a further offer of a session changes. The last one is read again for it: a description in parts is a thousand
 * objects, too many to keep for something so rare.
 * @throws TandemError `media-offer` for what no endpoint may do
 */
export function compareToLast(last: SessionOffer, next: ReadOffer): Reoffer {
  return unwrap(compareOffers(readOffer(last).negotiation, next.negotiation));
}

/** Tells peer connections apart: a description's id and the certificate stay for the life of one. */
export function connectionOf({ negotiation }: ReadOffer): string {
  const prints = negotiation.transport.fingerprints.map(({ algorithm, value }) => `${algorithm} ${value}`);
  return [negotiation.offer.description.origin.sessionId, ...prints].join(" ");
}

/**
 * Decides every m-line by what its participant may do now.
 * @param before how the session's last offer was answered: slots keep their numbers
 */
export function decideLines(
  { negotiation, roles }: ReadOffer,
  participant: NodeParticipant,
  before: readonly MediaLine[],
  identify: (mid: string, stream: number) => SlotIdentity,
): MediaLine[] {
  return negotiation.media.map((negotiated, index) => {
    const role = roles[index];
    const media = negotiated.kind === "audio" ? "audio" : "video";
    const old = before[index]?.negotiated.mid === negotiated.mid ? before[index]?.identity : undefined;
    const identity = role?.slot === undefined ? undefined : (old ?? identify(negotiated.mid, role.slot.stream));
    const plan = {
      receive: role?.source !== undefined && maySend(participant, role.source, media),
      send: mayReceive(participant, media) ? identity : undefined,
    };
    const direction = answerDirection(negotiated, plan);
    return {
      negotiated,
      role,
      identity,
      receives: direction === "recvonly" || direction === "sendrecv",
      sends: direction === "sendonly" || direction === "sendrecv",
    };
  });
}

/** The text of the answer. */
export function writeAnswer(
  { negotiation }: ReadOffer,
  lines: readonly MediaLine[],
  plan: Omit<AnswerPlan, "media">,
): string {
  const media = lines.map(
    ({ receives, sends, identity }): MediaPlan => ({ receive: receives, send: sends ? identity : undefined }),
  );
  return createAnswer(negotiation, { ...plan, media });
}
