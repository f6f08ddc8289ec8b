import { parseAddress } from "../../net/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";

/** Addresses from `first` to `last`, both included, compared as numbers. */
export interface AddressRange {
  readonly family: number;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

function parse(text: string, whole: string): Uint8Array {
  const bytes = parseAddress(text);
  if (!bytes) throw new Error(`"${whole}" is no address, prefix (10.0.0.0/8) or range (10.0.0.1-10.0.0.9)`);
  return bytes;
}

/**
 * Reads `address`, `address/length` or `first-last`, as coturn's peer lists have them.
 * @throws Error with a sentence when it is none: a list that can't be read must stop the start, not let peers through
 */
export function parseRange(text: string): AddressRange {
  const trimmed = text.trim();
  const [head = "", tail, ...more] = trimmed.split(/[-/]/);
  const first = parse(head, trimmed);
  const family = first.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6;
  if (more.length > 0) parse("", trimmed);
  if (tail === undefined) return { family, first, last: first };
  if (trimmed.includes("-")) {
    const last = parse(tail, trimmed);
    if (last.length !== first.length || compare(first, last) > 0) parse("", trimmed);
    return { family, first, last };
  }
  const bits = /^\d{1,3}$/.test(tail) ? Number(tail) : -1;
  if (bits < 0 || bits > first.length * 8) parse("", trimmed);
  const low = first.slice();
  const high = first.slice();
  for (let i = 0; i < first.length; i++) {
    const kept = Math.max(0, Math.min(8, bits - 8 * i));
    const mask = (0xff << (8 - kept)) & 0xff;
    low[i]! &= mask;
    high[i]! |= ~mask & 0xff;
  }
  return { family, first: low, last: high };
}

function compare(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** Whether an address lies in one of the ranges. `address` may be longer than its family needs. */
export function isInRanges(ranges: readonly AddressRange[], address: Uint8Array, family: number): boolean {
  return ranges.some(({ family: its, first, last }) => {
    if (its !== family) return false;
    // `compare` walks its first argument, which has the family's own length.
    return compare(first, address) <= 0 && compare(last, address) >= 0;
  });
}

/** Whether a range is one address. */
export function isSingle({ first, last }: AddressRange): boolean {
  return compare(first, last) === 0;
}
