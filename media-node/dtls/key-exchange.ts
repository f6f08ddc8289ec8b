import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync } from "node:crypto";

/** Named groups (RFC 8422 §5.1.1), the cheaper first: X25519 costs the server about 60 % of P-256. */
export const GROUPS = { x25519: 29, "P-256": 23 } as const;
export type Group = keyof typeof GROUPS;

/** An ephemeral key pair of one handshake. */
export interface KeyShare {
  readonly group: Group;
  /** As it stands in ServerKeyExchange: 32 bytes of X25519, or an uncompressed P-256 point of 65. */
  readonly publicKey: Uint8Array;
  /** The premaster secret, or undefined when the peer's key is no valid point or yields the all-zero secret. */
  agree(peerKey: Uint8Array): Uint8Array | undefined;
}

/** The DER around an X25519 public key: SubjectPublicKeyInfo with its algorithm (RFC 8410 §4). */
const X25519_PREFIX = Buffer.from("302a300506032b656e032100", "hex");

export function createKeyShare(group: Group): KeyShare {
  return group === "x25519" ? createX25519Share() : createP256Share();
}

function createX25519Share(): KeyShare {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return {
    group: "x25519",
    publicKey: publicKey.export({ type: "spki", format: "der" }).subarray(X25519_PREFIX.length),
    agree(peerKey) {
      if (peerKey.length !== 32) return undefined;
      try {
        const key = Buffer.concat([X25519_PREFIX, peerKey]);
        // A key of small order throws (RFC 7748 §6.1).
        return diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: "der", type: "spki" }) });
      } catch {
        return undefined;
      }
    },
  };
}

function createP256Share(): KeyShare {
  const pair = createECDH("prime256v1");
  return {
    group: "P-256",
    publicKey: pair.generateKeys(),
    agree(peerKey) {
      if (peerKey.length !== 65 || peerKey[0] !== 4) return undefined;
      try {
        // A point off the curve throws.
        return pair.computeSecret(peerKey);
      } catch {
        return undefined;
      }
    },
  };
}
