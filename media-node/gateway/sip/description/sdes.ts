import { randomBytes } from "node:crypto";
import type { SdesKey } from "../../../../src/protocol/index.ts";
import type { SdpMedia } from "../../../sdp/description.ts";
import { type SrtpProfile, srtpProfiles } from "../../../srtp/profiles.ts";

/** A key that a description gives for SRTP, and the number by which its answer names it (RFC 4568 §4.1). */
export interface CryptoLine {
  readonly tag: string;
  readonly key: SdesKey;
}

const LINE = /^(\d{1,9}) +(\w+) +inline:([A-Za-z0-9+/]+={0,2})((?:\|[^\s;|]+)*)$/;

const bytesOf = ({ keyLength, saltLength }: SrtpProfile): number => keyLength + saltLength;

/**
 * The first key of an m-line that we can use; undefined where there is none. Lines with session parameters, several keys or
 * an MKI are passed over: what they ask for isn't done here.
 */
export function readCrypto(media: SdpMedia): CryptoLine | undefined {
  for (const { name, value } of media.attributes) {
    if (name !== "crypto") continue;
    const [, tag, suite, key, more = ""] = LINE.exec(value.trim()) ?? [];
    const profile = srtpProfiles.find(each => each.name === suite);
    if (tag === undefined || key === undefined || profile === undefined || more.includes(":")) continue;
    if (Buffer.from(key, "base64").length === bytesOf(profile)) return { tag, key: { suite: profile.name, key } };
  }
  return undefined;
}

export const formatCrypto = ({ tag, key }: CryptoLine): string => `${tag} ${key.suite} inline:${key.key}`;

export function createSdesKey(suite: SdesKey["suite"]): SdesKey {
  const profile = srtpProfiles.find(({ name }) => name === suite)!;
  return { suite, key: randomBytes(bytesOf(profile)).toString("base64") };
}
