import { STUN_FAMILY } from "../../stun/constants.ts";
import type { Scope } from "../allocation.ts";
import { DENIED_BY_DEFAULT } from "./denied.ts";
import { embeddedIpv4 } from "./embedded.ts";
import { type AddressRange, isInRanges, isSingle } from "./ranges.ts";

/** An address, and the ports of it that may be reached whatever the ranges say. */
export interface Allowance {
  readonly family: number;
  readonly address: Uint8Array;
  /** Asked for every packet outside of a channel: it may change at any time. */
  readonly admits: (port: number) => boolean;
  /** Media ports may be reached by every scope; relays only by `any`. */
  readonly kind: "media" | "relay";
}

export interface PeerPolicyOptions {
  /** What the operator opens; goes before `denied` and the default set, as with coturn. */
  readonly allowed?: readonly AddressRange[];
  /** What the operator closes, beside the default set. */
  readonly denied?: readonly AddressRange[];
  /** This machine's addresses: open only at the ports of `allowances`, unless the very address is in `allowed`. */
  readonly own?: readonly AddressRange[];
  /** Own media sockets, own relays, announced media ports of the fleet. */
  readonly allowances?: readonly Allowance[];
}

/** The gate that every path to a peer goes through. */
export interface PeerPolicy {
  /** Whether a peer may be reached at this port. */
  admits(address: Uint8Array, family: number, port: number, scope: Scope): boolean;
  /** Whether a permission for the address may exist: some port of it may be reached. */
  admitsAddress(address: Uint8Array, family: number, scope: Scope): boolean;
  /** Whether only certain ports of the address may be reached, so that each packet has to be judged. */
  isRestricted(address: Uint8Array, family: number, scope: Scope): boolean;
}

export function createPeerPolicy(options: PeerPolicyOptions): PeerPolicy {
  const { allowed = [], denied = [], own = [], allowances = [] } = options;
  const inner = new Uint8Array(4);
  /** One address allowed by name; a wider range that happens to hold an address of ours doesn't open that. */
  const exact = allowed.filter(isSingle);

  function isOpenBare(address: Uint8Array, family: number): boolean {
    if (isInRanges(exact, address, family)) return true;
    if (isInRanges(own, address, family)) return false;
    if (isInRanges(allowed, address, family)) return true;
    return !isInRanges(denied, address, family) && !isInRanges(DENIED_BY_DEFAULT, address, family);
  }

  /** Whether an address is open at every port, for those who may reach more than media. */
  function isOpen(address: Uint8Array, family: number): boolean {
    if (!isOpenBare(address, family)) return false;
    // A wrapped address passes only where the wrapping is allowed and what is wrapped could be reached bare.
    if (!embeddedIpv4(address, family, inner) || isInRanges(exact, address, family)) return true;
    return isInRanges(allowed, address, family) && isOpenBare(inner, STUN_FAMILY.ipv4);
  }

  function isAllowance(allowance: Allowance, address: Uint8Array, family: number, scope: Scope): boolean {
    if (allowance.family !== family || (allowance.kind === "relay" && scope !== "any")) return false;
    for (let i = 0; i < allowance.address.length; i++) if (allowance.address[i] !== address[i]) return false;
    return true;
  }

  return {
    admits(address, family, port, scope) {
      if (port === 0) return false;
      for (const allowance of allowances)
        if (isAllowance(allowance, address, family, scope) && allowance.admits(port)) return true;
      return scope === "any" && isOpen(address, family);
    },
    admitsAddress(address, family, scope) {
      return (
        allowances.some(allowance => isAllowance(allowance, address, family, scope)) ||
        (scope === "any" && isOpen(address, family))
      );
    },
    isRestricted: (address, family, scope) => scope !== "any" || !isOpen(address, family),
  };
}
