import { createCipheriv, createSecretKey } from "node:crypto";
import type { SrtpMasterKey } from "./profiles.ts";

/** Labels of RFC 3711 §4.3.1 and §4.3.2. */
const LABEL = { rtpKey: 0, rtpAuth: 1, rtpSalt: 2, rtcpKey: 3, rtcpAuth: 4, rtcpSalt: 5 } as const;

const AUTH_KEY_LENGTH = 20;

/** Session keys of one packet kind; `authKey` is unused by AEAD profiles. */
export interface SrtpSessionKeys {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
  readonly authKey: Uint8Array;
}

/**
 * Session keys from a master key (RFC 3711 §4.3, key derivation rate 0; RFC 7714 §11 for GCM, whose 12-byte salt is
 * padded with zeros to 14 bytes).
 * @throws RangeError when key or salt don't have the profile's length.
 */
export function deriveSessionKeys(master: SrtpMasterKey): { rtp: SrtpSessionKeys; rtcp: SrtpSessionKeys } {
  const { profile, key, salt } = master;
  if (key.length !== profile.keyLength || salt.length !== profile.saltLength) {
    throw new RangeError(`${profile.name} needs ${profile.keyLength} bytes of key and ${profile.saltLength} of salt`);
  }
  const secret = createSecretKey(key);
  const derive = (label: number, length: number): Uint8Array => {
    const iv = new Uint8Array(16);
    iv.set(salt);
    iv[7] = iv[7]! ^ label;
    return new Uint8Array(createCipheriv("aes-128-ctr", secret, iv).update(new Uint8Array(length)));
  };
  return {
    rtp: {
      key: derive(LABEL.rtpKey, profile.keyLength),
      salt: derive(LABEL.rtpSalt, profile.saltLength),
      authKey: derive(LABEL.rtpAuth, AUTH_KEY_LENGTH),
    },
    rtcp: {
      key: derive(LABEL.rtcpKey, profile.keyLength),
      salt: derive(LABEL.rtcpSalt, profile.saltLength),
      authKey: derive(LABEL.rtcpAuth, AUTH_KEY_LENGTH),
    },
  };
}
