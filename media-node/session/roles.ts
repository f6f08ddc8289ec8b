import { LIMITS, type SessionOffer, type SessionPlan, SOURCE_INDEX, TandemError } from "../../src/protocol/index.ts";
import type { NegotiatedMedia, Negotiation } from "../sdp/negotiate.ts";

/** Which of a session's slots an m-line is. */
export interface SlotRole {
  readonly group: "video" | "paired" | "floating";
  /** Place within its group. A paired slot carries the voice of whom the video slot of the same order shows. */
  readonly order: number;
  /** Slots of one number share a stream, so that browsers play them in sync. */
  readonly stream: number;
}

/** What an m-line is for. Bare pages use one for both. */
export interface Role {
  /** Index of the source that the peer sends on it (0 mic, 1 camera, …). */
  readonly source?: number;
  readonly slot?: SlotRole;
}

const mediaOf = (index: number): "audio" | "video" | undefined => {
  if (index === SOURCE_INDEX.mic || index === SOURCE_INDEX["screen-audio"]) return "audio";
  return index === SOURCE_INDEX.camera || index === SOURCE_INDEX.screen ? "video" : undefined;
};

const refuse = (line: NegotiatedMedia, negotiation: Negotiation, why: string): never => {
  const { section } = negotiation.offer.media[line.index]!;
  throw new TandemError("media-offer", `line ${section.line}: ${why}`);
};

const sends = ({ direction }: NegotiatedMedia): boolean => direction === "recvonly" || direction === "sendrecv";
const receives = ({ direction }: NegotiatedMedia): boolean => direction === "sendonly" || direction === "sendrecv";

/**
 * What each m-line of an offer is for, by index; missing where nothing is. Without a plan the first audio and the first
 * video line that send are mic and camera, and every line that receives is a slot; an encoder has no slots, a player no
 * sources, whatever their lines offer.
 * @throws TandemError `media-offer` for a plan that contradicts the offer
 */
export function assignRoles(
  negotiation: Negotiation,
  { plan, role }: Pick<SessionOffer, "plan" | "role">,
): (Role | undefined)[] {
  return plan === undefined ? withoutPlan(negotiation, role) : byPlan(negotiation, plan);
}

function byPlan(negotiation: Negotiation, plan: SessionPlan): (Role | undefined)[] {
  const roles: (Role | undefined)[] = negotiation.media.map(() => undefined);
  const lines = new Map(negotiation.media.filter(({ mid }) => mid !== "").map(line => [line.mid, line]));
  const taken = new Set<number>();
  const assign = (mid: string, wanted: "audio" | "video" | undefined, role: Role): void => {
    const line = lines.get(mid);
    if (line === undefined) throw new TandemError("media-offer", `the plan names mid ${mid}, which no m= line has`);
    const { kind, index } = line;
    if ((kind !== "audio" && kind !== "video") || (wanted !== undefined && kind !== wanted))
      refuse(line, negotiation, `the plan wants ${wanted ?? "audio or video"} here`);
    const before = roles[index];
    if ((role.slot && before?.slot) || (role.source !== undefined && before?.source !== undefined))
      refuse(line, negotiation, "the plan names this m= line twice");
    roles[index] = { ...before, ...role };
  };
  for (const [mid, source] of Object.entries(plan.sources)) {
    if (taken.has(source) || source >= LIMITS.sources)
      throw new TandemError("media-offer", `the plan has two m= lines for source ${source}`);
    taken.add(source);
    assign(mid, mediaOf(source), { source });
  }
  const streams = Math.max(plan.video.length, plan.paired.length);
  const groups = [
    ["video", "video", plan.video, 0],
    ["paired", "audio", plan.paired, 0],
    ["floating", "audio", plan.floating, streams],
  ] as const;
  for (const [group, media, mids, from] of groups) {
    for (const [order, mid] of mids.entries()) assign(mid, media, { slot: { group, order, stream: from + order } });
  }
  return roles;
}

function withoutPlan(negotiation: Negotiation, only: SessionOffer["role"]): (Role | undefined)[] {
  const sources = { audio: 0, video: 0 };
  const slots = { audio: 0, video: 0 };
  return negotiation.media.map(line => {
    const { kind, refusal } = line;
    if ((kind !== "audio" && kind !== "video") || refusal !== undefined) return undefined;
    const feeds = sends(line) && only !== "play";
    const takes = receives(line) && only !== "publish";
    const source = feeds && sources[kind]++ === 0 ? SOURCE_INDEX[kind === "audio" ? "mic" : "camera"] : undefined;
    const order = slots[kind];
    if (takes) slots[kind]++;
    // Voices of anybody, in the stream of a picture all the same: reports put all of them on one clock.
    const group = kind === "audio" ? "floating" : "video";
    return {
      ...(source === undefined ? {} : { source }),
      ...(takes ? { slot: { group, order, stream: order } } : {}),
    };
  });
}
