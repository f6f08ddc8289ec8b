import type { StunAddress } from "../../stun/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";

/** A local address and the one that others know it by (1:1 NAT). */
export interface AnnouncedAddress {
  readonly local: Uint8Array;
  readonly announced: Uint8Array;
}

/** Turns announced addresses of ours into local ones on the way out, and back. */
export interface Translation {
  /** Rewrites an address that a client named into the one that packets go to. */
  toLocal(address: StunAddress): void;
  /** What clients know a local address by; the same bytes where it is known as it is. */
  toAnnounced(local: Uint8Array): Uint8Array;
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, i) => b[i] === byte);

export function createTranslation(addresses: readonly AnnouncedAddress[]): Translation {
  return {
    toLocal(address) {
      const length = address.family === STUN_FAMILY.ipv4 ? 4 : 16;
      for (const { local, announced } of addresses) {
        if (announced.length !== length || !isSame(announced, address.bytes)) continue;
        address.bytes.set(local);
        return;
      }
    },
    toAnnounced(address) {
      for (const { local, announced } of addresses)
        if (local.length === address.length && isSame(local, address)) return announced;
      return address;
    },
  };
}
