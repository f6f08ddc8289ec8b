import { STUN_FAMILY } from "../../stun/constants.ts";

/** IPv6 prefixes that hold an IPv4 address, how long they are in bytes, and where the address stands. */
const FORMS: readonly { readonly prefix: readonly number[]; readonly at: number; readonly inverted?: true }[] = [
  // IPv4-mapped ::ffff:0:0/96, and IPv4-compatible ::/96 (RFC 4291 §2.5.5)
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], at: 12 },
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], at: 12 },
  // IPv4-translated ::ffff:0:0:0/96 (RFC 2765 §2.1)
  { prefix: [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], at: 12 },
  // NAT64 well-known prefix (RFC 6052 §2.1)
  { prefix: [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], at: 12 },
  // 6to4 (RFC 3056 §2)
  { prefix: [0x20, 0x02], at: 2 },
  // Teredo: the client's address, inverted (RFC 4380 §4)
  { prefix: [0x20, 0x01, 0, 0], at: 12, inverted: true },
];
const ISATAP = [0x5e, 0xfe];

/**
 * The IPv4 address inside an IPv6 one, for each spelling that a host, tunnel or translator might take apart.
 * @param out receives the 4 bytes
 * @returns false if there is none
 */
export function embeddedIpv4(address: Uint8Array, family: number, out: Uint8Array): boolean {
  if (family !== STUN_FAMILY.ipv6) return false;
  let at = -1;
  let mask = 0;
  for (const form of FORMS) {
    if (!form.prefix.every((byte, i) => address[i] === byte)) continue;
    at = form.at;
    mask = form.inverted ? 0xff : 0;
    break;
  }
  // ISATAP: ::0:5efe:a.b.c.d or ::200:5efe:a.b.c.d below any prefix (RFC 5214 §6.1)
  const isIsatap = address[10] === ISATAP[0] && address[11] === ISATAP[1] && (address[8]! & 0xfd) === 0 && !address[9];
  if (at < 0 && isIsatap) at = 12;
  if (at < 0) return false;
  for (let i = 0; i < 4; i++) out[i] = address[at + i]! ^ mask;
  return true;
}
