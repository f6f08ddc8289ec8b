/** SRTP protection profiles by their DTLS-SRTP names (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export type SrtpProfileName = "AEAD_AES_128_GCM" | "AES_CM_128_HMAC_SHA1_80";

export interface SrtpProfile {
  readonly name: SrtpProfileName;
  /** The number in the use_srtp extension. */
  readonly id: number;
  /** Bytes of master key, master salt and authentication tag. */
  readonly keyLength: number;
  readonly saltLength: number;
  readonly tagLength: number;
}

const gcm: SrtpProfile = { name: "AEAD_AES_128_GCM", id: 0x0007, keyLength: 16, saltLength: 12, tagLength: 16 };
const cm: SrtpProfile = { name: "AES_CM_128_HMAC_SHA1_80", id: 0x0001, keyLength: 16, saltLength: 14, tagLength: 10 };

/** All profiles we speak, the one we prefer first. */
export const srtpProfiles: readonly SrtpProfile[] = [gcm, cm];

export function srtpProfileById(id: number): SrtpProfile | undefined {
  return srtpProfiles.find(profile => profile.id === id);
}

/** What one direction of a session encrypts with. */
export interface SrtpMasterKey {
  readonly profile: SrtpProfile;
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** How many bytes to take from the DTLS exporter, label `EXTRACTOR-dtls_srtp` (RFC 5764 §4.2). */
export function keyingMaterialLength(profile: SrtpProfile): number {
  return 2 * (profile.keyLength + profile.saltLength);
}

/**
 * Cuts exported keying material into the master keys of the two directions: `client` protects what the DTLS client
 * sends, `server` what the DTLS server sends (RFC 5764 §4.2).
 * @throws RangeError when the material has the wrong length.
 */
export function splitKeyingMaterial(
  profile: SrtpProfile,
  material: Uint8Array,
): { client: SrtpMasterKey; server: SrtpMasterKey } {
  if (material.length !== keyingMaterialLength(profile)) throw new RangeError("keying material of wrong length");
  const { keyLength, saltLength } = profile;
  const salts = 2 * keyLength;
  return {
    client: { profile, key: material.slice(0, keyLength), salt: material.slice(salts, salts + saltLength) },
    server: { profile, key: material.slice(keyLength, salts), salt: material.slice(salts + saltLength) },
  };
}
