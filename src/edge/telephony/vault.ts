/**
 * Keeping secrets: passwords sealed with AES-GCM, since SIP needs them in clear again, and PINs as an HMAC. The keys come from
 * the Worker's secret, so that a copy of the database alone opens nothing.
 * @module
 */
import { createHmac } from "node:crypto";
import { TandemError } from "../../protocol/errors.ts";

export interface Vault {
  /** Seal `text` for one purpose: it opens for no other. */
  seal(purpose: string, text: string): Promise<string>;
  /** @throws TandemError `bad-setting` if the secret that sealed it is no longer set */
  open(purpose: string, sealed: string): Promise<string>;
  /** How a PIN is stored. */
  hash(pin: string): string;
  /** All hashes that a PIN may be stored under. */
  hashes(pin: string): string[];
}

const IV_BYTES = 12;
const encoder = new TextEncoder();

const toText = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const toBytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), char => char.charCodeAt(0));

async function keyOf(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, ["deriveKey"]);
  const info = encoder.encode("tandem-telephony:seal");
  const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const algorithm = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(derivation, material, algorithm, false, ["encrypt", "decrypt"]);
}

const hashBy = (secret: string, pin: string): string =>
  createHmac("sha256", secret).update(`tandem-telephony:pin\n${pin}`).digest("base64url");
/** Names a secret without telling it. */
const nameOf = (secret: string): string =>
  createHmac("sha256", secret).update("tandem-telephony:name").digest("base64url").slice(0, 8);

/**
 * @param secrets the current one first, then those it replaces
 * @throws TandemError `missing-secret` where there is none
 */
export function createVault(secrets: readonly string[]): Vault {
  const [current] = secrets;
  if (current === undefined) throw new TandemError("missing-secret", "TELEPHONY_SECRET");
  return {
    async seal(purpose, text) {
      const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
      const algorithm = { name: "AES-GCM", iv, additionalData: encoder.encode(purpose) };
      const sealed = await crypto.subtle.encrypt(algorithm, await keyOf(current), encoder.encode(text));
      return [nameOf(current), toText(iv), toText(new Uint8Array(sealed))].join(".");
    },
    async open(purpose, sealed) {
      const [name, iv = "", text = ""] = sealed.split(".");
      const secret = secrets.find(known => nameOf(known) === name);
      if (secret === undefined) {
        throw new TandemError("bad-setting", "TELEPHONY_SECRET: trunks' passwords were sealed with another");
      }
      const algorithm = { name: "AES-GCM", iv: toBytes(iv), additionalData: encoder.encode(purpose) };
      const opened = await crypto.subtle.decrypt(algorithm, await keyOf(secret), toBytes(text));
      return new TextDecoder().decode(opened);
    },
    hash: pin => hashBy(current, pin),
    hashes: pin => secrets.map(secret => hashBy(secret, pin)),
  };
}
