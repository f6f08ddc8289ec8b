/**
 * The trunks that this node holds: who calls by which, and how much they may carry.
 * @module
 */
import { createSecretKey, randomBytes } from "node:crypto";
import type { NodeTrunk } from "../../../src/protocol/index.ts";
import { parseAddress } from "../../net/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";
import { type AddressRange, isInRanges, parseRange } from "../../turn/policy/ranges.ts";
import type { DigestAlgorithm } from "../sip/auth/digest.ts";
import { createDigestServer } from "../sip/auth/server.ts";
import type { SipRequest } from "../sip/message/message.ts";
import type { SipVerdict } from "../sip/receiver.ts";
import type { SipFlow } from "../sip/transport/flow.ts";

const SECOND = 1_000;

/** A trunk, and what it carries. */
export interface HeldTrunk {
  readonly spec: NodeTrunk;
  /** Calls on it now. */
  calls: number;
  /** When calls began in the last second (ms). */
  readonly begun: number[];
}

export interface Trunks {
  /** @returns false for a lease that is older than the one it has */
  put(spec: NodeTrunk): boolean;
  remove(trunk: string): void;
  get(trunk: string): HeldTrunk | undefined;
  /** Judges whoever calls. @returns the trunk that it may call by, or what it is told */
  identify(invite: SipRequest, flow: SipFlow, now: number): HeldTrunk | SipVerdict;
  /** Judges whoever registers. @returns the trunk by which it may, or what it is told */
  registrant(register: SipRequest, flow: SipFlow, now: number): HeldTrunk | Exclude<SipVerdict, { kind: "accept" }>;
  /** Counts a call that begins. @returns the limit that is reached, "" where none is */
  begin(trunk: HeldTrunk, now: number): "" | "max-calls" | "calls-per-second";
}

interface Held extends HeldTrunk {
  spec: NodeTrunk;
  accepted: readonly AddressRange[];
}

/** @param realm of our challenges, which callers see */
export function createTrunks(realm: string, algorithms?: readonly DigestAlgorithm[]): Trunks {
  const trunks = new Map<string, Held>();
  const digest = createDigestServer({
    realm,
    key: createSecretKey(randomBytes(32)),
    randomBytes,
    ...(algorithms && { algorithms }),
  });

  const byAddress = (address: string): Held | undefined => {
    const bytes = parseAddress(address);
    if (bytes === undefined) return undefined;
    const family = bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6;
    return [...trunks.values()].find(({ accepted }) => isInRanges(accepted, bytes, family));
  };
  /** Who proves to be one of these. Where there are none a stranger isn't answered: whoever scans learns nothing. */
  function prove(request: SipRequest, address: string, now: number, mayBe: (spec: NodeTrunk) => boolean) {
    const known = [...trunks.values()].filter(({ spec }) => spec.accept.credentials !== undefined && mayBe(spec));
    if (known.length === 0) return { kind: "drop" } as const;
    const byUser = (name: string) => known.find(({ spec }) => spec.accept.credentials?.username === name);
    const verdict = digest.verify(request, address, now, name => byUser(name)?.spec.accept.credentials?.password);
    const trunk = verdict.ok ? byUser(verdict.username) : undefined;
    if (trunk !== undefined) return trunk;
    const challenges = digest.challenge(address, now, !verdict.ok && verdict.isStale);
    return { kind: "refuse", status: 401, headers: { "www-authenticate": challenges } } as const;
  }

  return {
    put(spec) {
      const before = trunks.get(spec.trunk);
      if (before !== undefined && before.spec.lease > spec.lease) return false;
      const accepted = spec.accept.addresses.map(parseRange);
      // Its calls go on, whatever else has changed.
      if (before) Object.assign(before, { spec, accepted });
      else trunks.set(spec.trunk, { spec, accepted, calls: 0, begun: [] });
      return true;
    },
    remove: trunk => void trunks.delete(trunk),
    get: trunk => trunks.get(trunk),
    identify: (invite, { address }, now) => byAddress(address) ?? prove(invite, address, now, () => true),
    registrant: (request, { address }, now) =>
      prove(request, address, now, ({ registration }) => registration === "inbound"),
    begin(trunk, now) {
      const { begun, spec } = trunk;
      while (begun.length > 0 && now - begun[0]! >= SECOND) begun.shift();
      if (trunk.calls >= spec.maxCalls) return "max-calls";
      if (begun.length >= spec.callsPerSecond) return "calls-per-second";
      begun.push(now);
      trunk.calls++;
      return "";
    },
  };
}
