import { type SdesKey, TandemError } from "../../../src/protocol/index.ts";
import { type SrtpMasterKey, srtpProfiles } from "../../srtp/profiles.ts";

/**
 * What an SDES key stands for: master key and salt, one behind the other (RFC 4568 §6.1, RFC 7714 §14.3).
 * @throws TandemError `bad-request` when its length is not the suite's
 */
export function masterKeyOf({ suite, key }: SdesKey): SrtpMasterKey {
  const profile = srtpProfiles.find(({ name }) => name === suite)!;
  const bytes = Buffer.from(key, "base64");
  const { keyLength, saltLength } = profile;
  if (bytes.length !== keyLength + saltLength) {
    throw new TandemError("bad-request", `srtp.key: ${keyLength + saltLength} bytes in base64 for ${suite}`);
  }
  return { profile, key: bytes.subarray(0, keyLength), salt: bytes.subarray(keyLength) };
}
