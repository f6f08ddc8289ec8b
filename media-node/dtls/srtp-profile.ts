/** SRTP protection profiles (RFC 5764 §4.1.2, RFC 7714 §14.2) by their registered numbers. */
export const SRTP_PROFILES = { AEAD_AES_128_GCM: 0x0007, AES_CM_128_HMAC_SHA1_80: 0x0001 } as const;
export type SrtpProfile = keyof typeof SRTP_PROFILES;

/** Preference order: AES-GCM costs one pass, AES-CM is the fallback that everybody has. */
export const DEFAULT_SRTP_PROFILES: readonly SrtpProfile[] = ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"];

/** Master keys and salts of an SRTP session; `local` protects what we send. */
export interface SrtpKeys {
  readonly profile: SrtpProfile;
  readonly localKey: Uint8Array;
  readonly localSalt: Uint8Array;
  readonly remoteKey: Uint8Array;
  readonly remoteSalt: Uint8Array;
}

/** Lengths in bytes of a profile's master key and master salt. */
export function srtpKeyLengths(profile: SrtpProfile): { key: number; salt: number } {
  return { key: 16, salt: profile === "AEAD_AES_128_GCM" ? 12 : 14 };
}
