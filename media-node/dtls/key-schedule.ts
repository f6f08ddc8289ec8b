import { createHash, createHmac, createSecretKey, type KeyObject } from "node:crypto";
import { type SrtpKeys, type SrtpProfile, srtpKeyLengths } from "./srtp-profile.ts";

/** P_SHA256, the pseudo-random function of TLS 1.2 (RFC 5246 §5). */
export function prf(secret: KeyObject, label: string, seed: Uint8Array, length: number): Uint8Array {
  const labelled = Buffer.concat([Buffer.from(label), seed]);
  const output = new Uint8Array(Math.ceil(length / 32) * 32);
  let chain: Uint8Array = labelled;
  for (let at = 0; at < length; at += 32) {
    chain = createHmac("sha256", secret).update(chain).digest();
    output.set(createHmac("sha256", secret).update(chain).update(labelled).digest(), at);
  }
  return output.subarray(0, length);
}

/** Keys and implicit nonces of one direction of the record layer (RFC 5288 §3). */
export interface RecordKeys {
  readonly key: KeyObject;
  readonly salt: Uint8Array;
}

/** All that is derived from one handshake's premaster secret. */
export interface KeySchedule {
  readonly client: RecordKeys;
  readonly server: RecordKeys;
  /** Twelve bytes of verify_data (RFC 5246 §7.4.9). */
  verifyData(side: "client" | "server", transcript: Uint8Array): Uint8Array;
  /** Keying material for SRTP (RFC 5764 §4.2), seen from the server. The caller zeroes it after use. */
  exportSrtpKeys(profile: SrtpProfile): SrtpKeys;
}

/**
 * Derives master secret and record keys with the extended master secret (RFC 7627 §4). The premaster secret is
 * zeroed.
 * @param transcript all handshake messages up to and including ClientKeyExchange.
 */
export function deriveKeys(
  premaster: Uint8Array,
  transcript: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
): KeySchedule {
  const sessionHash = createHash("sha256").update(transcript).digest();
  const masterBytes = prf(createSecretKey(premaster), "extended master secret", sessionHash, 48);
  const master = createSecretKey(masterBytes);
  premaster.fill(0);
  masterBytes.fill(0);

  const block = prf(master, "key expansion", Buffer.concat([serverRandom, clientRandom]), 40);
  const client = { key: createSecretKey(block.subarray(0, 16)), salt: new Uint8Array(block.subarray(32, 36)) };
  const server = { key: createSecretKey(block.subarray(16, 32)), salt: new Uint8Array(block.subarray(36, 40)) };
  block.fill(0);

  return {
    client,
    server,
    verifyData: (side, messages) => prf(master, `${side} finished`, createHash("sha256").update(messages).digest(), 12),
    exportSrtpKeys(profile) {
      const { key, salt } = srtpKeyLengths(profile);
      const randoms = Buffer.concat([clientRandom, serverRandom]);
      const material = prf(master, "EXTRACTOR-dtls_srtp", randoms, 2 * (key + salt));
      const copy = (from: number, to: number) => new Uint8Array(material.subarray(from, to));
      const keys: SrtpKeys = {
        profile,
        remoteKey: copy(0, key),
        localKey: copy(key, 2 * key),
        remoteSalt: copy(2 * key, 2 * key + salt),
        localSalt: copy(2 * key + salt, material.length),
      };
      material.fill(0);
      return keys;
    },
  };
}
