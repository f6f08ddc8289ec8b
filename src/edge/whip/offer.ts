/**
 * What an encoder (WHIP) or a player (WHEP) may offer, and what an answer to it must not leave out.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { Grants } from "../../protocol/grants.ts";
import type { SourceKind } from "../../protocol/names.ts";
import { type Section, sectionsOf } from "./sdp.ts";

export type AttendanceKind = "whip" | "whep";

/** What an m-line of an encoder is, by its medium. */
const PUBLISHED: ReadonlyMap<string, SourceKind> = new Map([
  ["audio", "mic"],
  ["video", "camera"],
]);
/** What a player's m-line may carry. */
const CARRIED: Readonly<Record<string, readonly SourceKind[]>> = {
  audio: ["mic", "screen-audio", "mix", "custom"],
  video: ["camera", "screen", "mix", "custom"],
};

const refuse = ({ line }: Section, why: string): never => {
  throw new TandemError("media-offer", `line ${line}: ${why}`);
};

const isMedia = ({ media }: Section): boolean => PUBLISHED.has(media);

function checkDirections(kind: AttendanceKind, sections: readonly Section[]): void {
  const seen = new Set<string>();
  for (const section of sections) {
    if (!isMedia(section)) continue;
    const { media, direction, stopped } = section;
    if (seen.has(media)) refuse(section, `a second m=${media} line; one of each medium at most`);
    seen.add(media);
    if (stopped) refuse(section, "port 0: leave it out");
    const [wanted, verb] = kind === "whip" ? ["sendonly", "sends"] : ["recvonly", "receives"];
    if (direction !== wanted && direction !== "sendrecv") {
      refuse(section, `${direction}, but ${kind === "whip" ? "an encoder" : "a player"} ${verb}`);
    }
  }
  if (seen.size === 0) throw new TandemError("media-offer", "no m=audio and no m=video line");
}

/**
 * Check an offer, and what the token's grants say of it, before the room is asked anything.
 * @returns the kinds of sources that an encoder publishes by it
 * @throws TandemError `media-offer` or `no-grant`
 */
export function checkOffer(kind: AttendanceKind, sdp: string, grants: Grants): SourceKind[] {
  const sections = sectionsOf(sdp);
  checkDirections(kind, sections);
  if (kind === "whep") {
    if (!grants.subscribe?.length) throw new TandemError("no-grant", "subscribe");
    return [];
  }
  const kinds = sections.flatMap(({ media }) => PUBLISHED.get(media) ?? []);
  for (const wanted of kinds) {
    if (!grants.publish?.includes(wanted)) throw new TandemError("no-grant", `publish ${wanted}`);
  }
  return kinds;
}

/**
 * Check that an answer carries all that was offered: a session by halves is refused as a whole (RFC 9725 §4.2). What a player's
 * token doesn't grant may stay silent.
 * @throws TandemError `media-offer`, naming the offer's line
 */
export function checkAnswer(kind: AttendanceKind, offer: string, answer: string, grants: Grants): void {
  const answered = sectionsOf(answer);
  const granted = ({ media }: Section): boolean =>
    kind === "whip" || CARRIED[media]?.some(each => grants.subscribe?.includes(each)) === true;
  for (const [index, section] of sectionsOf(offer).entries()) {
    const { stopped = true, direction = "inactive" } = answered[index] ?? {};
    if (!isMedia(section) || (!stopped && direction !== "inactive")) continue;
    if (stopped) refuse(section, "not bundled with the first m-line, or without rtcp-mux");
    if (granted(section)) refuse(section, "no codec in common; offer VP8 or H.264, and Opus");
  }
}
