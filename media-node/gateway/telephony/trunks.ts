/**
 * The trunks that this node holds: who calls by which, and how much they may carry.
 * @module
 */
import { createSecretKey, randomBytes } from "node:crypto";
import type { NodeTrunk } from "../../../src/protocol/index.ts";
import { parseAddress } from "../../net/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";
import { type AddressRange, isInRanges, parseRange } from "../../turn/policy/ranges.ts";
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
  /** Counts a call that begins. @returns the limit that is reached, "" where none is */
  begin(trunk: HeldTrunk, now: number): "" | "max-calls" | "calls-per-second";
}

interface Held extends HeldTrunk {
  spec: NodeTrunk;
  accepted: readonly AddressRange[];
}

/** @param realm of our challenges, which callers see */
export function createTrunks(realm: string): Trunks {
  const trunks = new Map<string, Held>();
  const digest = createDigestServer({ realm, key: createSecretKey(randomBytes(32)), randomBytes });

  const byAddress = (address: string): Held | undefined => {
    const bytes = parseAddress(address);
    if (bytes === undefined) return undefined;
    const family = bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6;
    return [...trunks.values()].find(({ accepted }) => isInRanges(accepted, bytes, family));
  };
  const byUser = (username: string): Held | undefined =>
    [...trunks.values()].find(({ spec }) => spec.accept.credentials?.username === username);

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
    identify(invite, { address }, now) {
      const known = byAddress(address);
      if (known !== undefined) return known;
      // Where nobody has a password a stranger isn't answered: whoever scans learns nothing.
      const asks = [...trunks.values()].some(({ spec }) => spec.accept.credentials !== undefined);
      if (!asks) return { kind: "drop" };
      const verdict = digest.verify(invite, address, now, name => byUser(name)?.spec.accept.credentials?.password);
      const trunk = verdict.ok ? byUser(verdict.username) : undefined;
      if (trunk !== undefined) return trunk;
      const challenges = digest.challenge(address, now, !verdict.ok && verdict.isStale);
      return { kind: "refuse", status: 401, headers: { "www-authenticate": challenges } };
    },
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
