import { STUN_FAMILY } from "./constants.ts";

/** A transport address as numbers: reused, never handed out to be kept. IPv4 takes the first 4 of the 16 bytes. */
export interface StunAddress {
  /** `STUN_FAMILY.ipv4`, `STUN_FAMILY.ipv6`, or 0 for none. */
  family: number;
  readonly bytes: Uint8Array;
  port: number;
}

export function createStunAddress(): StunAddress {
  return { family: 0, bytes: new Uint8Array(16), port: 0 };
}

const ZERO = 0x30;
const DOT = 0x2e;
const COLON = 0x3a;
const PERCENT = 0x25;

/** One decimal octet at `at`; its end times 256 plus its value, or -1. */
function octet(text: string, at: number, end: number): number {
  let value = 0;
  let i = at;
  while (i < end && i - at < 3) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    i++;
  }
  // A leading zero would be octal to some readers: two spellings of one address are a way round a filter.
  if (i === at || value > 255 || (i - at > 1 && text.charCodeAt(at) === ZERO)) return -1;
  return i * 256 + value;
}

function parseIpv4(text: string, start: number, end: number, out: Uint8Array, outAt: number): boolean {
  let at = start;
  for (let i = 0; i < 4; i++) {
    const read = octet(text, at, end);
    if (read < 0) return false;
    out[outAt + i] = read & 0xff;
    at = read >> 8;
    if (i < 3 && text.charCodeAt(at++) !== DOT) return false;
  }
  return at === end;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= 0x39) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function parseIpv6(text: string, end: number, out: Uint8Array): boolean {
  let written = 0;
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON) {
    if (text.charCodeAt(1) !== COLON) return false;
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (written >= 16) return false;
    const groupAt = at;
    let value = 0;
    for (let digit = 0; at < end && at - groupAt < 4; at++) {
      digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      value = value * 16 + digit;
    }
    if (at < end && text.charCodeAt(at) === DOT) {
      if (written > 12 || !parseIpv4(text, groupAt, end, out, written)) return false;
      written += 4;
      at = end;
      break;
    }
    if (at === groupAt) return false;
    out[written++] = value >> 8;
    out[written++] = value & 0xff;
    if (at === end) break;
    if (text.charCodeAt(at++) !== COLON) return false;
    if (at < end && text.charCodeAt(at) === COLON) {
      if (gap >= 0) return false;
      gap = written;
      at++;
    } else if (at === end) return false;
  }
  if (gap < 0) return written === 16;
  if (written > 14) return false;
  out.copyWithin(16 - (written - gap), gap, written);
  out.fill(0, gap, 16 - (written - gap));
  return true;
}

/** Whether 16 bytes are an IPv4-mapped IPv6 address (`::ffff:a.b.c.d`). */
export function isIpv4Mapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/**
 * Reads an address as sockets report it, without allocating. A zone (`%eth0`) is dropped; an IPv4-mapped address, which
 * is how a dual-stack socket spells an IPv4 peer, becomes the IPv4 address that it is.
 * @param out at least 16 bytes; holds the address in network order afterwards
 * @returns the family, or 0 when the text is no address
 */
export function parseAddress(text: string, out: Uint8Array): number {
  if (text.indexOf(":") < 0) return parseIpv4(text, 0, text.length, out, 0) ? STUN_FAMILY.ipv4 : 0;
  const zone = text.indexOf("%");
  const end = zone < 0 ? text.length : zone;
  if (zone >= 0 && text.charCodeAt(text.length - 1) === PERCENT) return 0;
  if (!parseIpv6(text, end, out)) return 0;
  if (!isIpv4Mapped(out)) return STUN_FAMILY.ipv6;
  out.copyWithin(0, 12, 16);
  return STUN_FAMILY.ipv4;
}

/** Writes an address as text (RFC 5952 for IPv6). */
export function formatAddress(bytes: Uint8Array, family: number): string {
  if (family === STUN_FAMILY.ipv4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((bytes[i]! << 8) | bytes[i + 1]!);
  let gapAt = -1;
  let gapLength = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > gapLength) {
      gapAt = i;
      gapLength = run;
    }
    i += run;
  }
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map(group => group.toString(16))
      .join(":");
  return gapAt < 0 ? hex(0, 8) : `${hex(0, gapAt)}::${hex(gapAt + gapLength, 8)}`;
}
