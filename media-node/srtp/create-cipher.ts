import type { SrtpCipher } from "./cipher.ts";
import { createCmCipher } from "./cm-cipher.ts";
import { createGcmCipher } from "./gcm-cipher.ts";
import { deriveSessionKeys } from "./key-derivation.ts";
import type { SrtpPrimitives } from "./primitives.ts";
import type { SrtpMasterKey } from "./profiles.ts";

/** The transforms of one direction under `master`. */
export function createSrtpCipher(master: SrtpMasterKey, primitives: SrtpPrimitives): SrtpCipher {
  const keys = deriveSessionKeys(master);
  return master.profile.name === "AEAD_AES_128_GCM"
    ? createGcmCipher(keys.rtp, keys.rtcp, primitives)
    : createCmCipher(keys.rtp, keys.rtcp, primitives);
}
