import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { RandomBytes } from "../message/identifier.ts";
import type { SipRequest } from "../message/message.ts";
import { quote, toWire } from "../message/syntax.ts";
import { isSameUri, parseUri } from "../message/uri.ts";
import { DIGEST_ALGORITHMS, type DigestAlgorithm, digestAlgorithm, digestResponse, parseDigest } from "./digest.ts";

export interface DigestServerOptions {
  readonly realm: string;
  /** Signs nonces: a random one per process will do, clients are then asked again after a restart. */
  readonly key: KeyObject;
  readonly randomBytes: RandomBytes;
  /** What is offered, the best first; not all of them where phones stumble over what they don't know. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** How long a nonce may be used, in milliseconds. */
  readonly lifetime?: number;
  /** How many nonces in use are remembered; those used least recently have to be renewed. */
  readonly maxNonces?: number;
}

export type DigestVerdict =
  | { readonly ok: true; readonly username: string }
  /** Stale: the same credentials with a new nonce will do. */
  | { readonly ok: false; readonly isStale: boolean };

/**
 * Asks for credentials and checks them (RFC 3261 §22, RFC 7616, RFC 8760). The only state is the use counts of nonces that
 * a right password came with: a flood of challenges costs no memory.
 */
export interface DigestServer {
  /** Values for WWW-Authenticate, one for each algorithm. Nonces hold for requests from `address` only. */
  challenge(address: string, now: number, isStale: boolean): string[];
  /**
   * Whether a request carries the right credentials, not seen before. Users without a password are refused as those with a
   * wrong one: the same answer, after the same work.
   */
  verify(
    request: SipRequest,
    address: string,
    now: number,
    passwordOf: (username: string) => string | undefined,
  ): DigestVerdict;
}

const TIME_BYTES = 6;
const SALT_BYTES = 6;
const MAC_BYTES = 16;
const WINDOW = 32;
const REFUSED: DigestVerdict = { ok: false, isStale: false };
const STALE: DigestVerdict = { ok: false, isStale: true };

interface Uses {
  readonly issuedAt: number;
  highest: number;
  /** Bit i: `highest - i` was used. */
  window: number;
}

/** Takes a count once: rising, or late by less than the window, since calls side by side overtake each other. */
function takeCount(uses: Uses, count: number): boolean {
  const ahead = count - uses.highest;
  if (ahead > 0) {
    uses.window = ahead >= WINDOW ? 1 : (uses.window << ahead) | 1;
    uses.highest = count;
    return true;
  }
  if (-ahead >= WINDOW || (uses.window >>> -ahead) & 1) return false;
  uses.window |= 1 << -ahead;
  return true;
}

export function createDigestServer(options: DigestServerOptions): DigestServer {
  const { realm, key, randomBytes, algorithms = DIGEST_ALGORITHMS, lifetime = 300_000, maxNonces = 10_000 } = options;
  const used = new Map<string, Uses>();
  /** Nonces not issued after this may have been used and forgotten. */
  let forgottenUntil = Number.NEGATIVE_INFINITY;
  const dummy = Buffer.from(randomBytes(16)).toString("latin1");

  function sign(stamp: Uint8Array, address: string): string {
    const mac = createHmac("sha256", key).update(stamp).update(address).digest().subarray(0, MAC_BYTES);
    return Buffer.concat([stamp, mac]).toString("base64url");
  }

  function createNonce(address: string, now: number): string {
    const stamp = Buffer.alloc(TIME_BYTES + SALT_BYTES);
    stamp.writeUIntBE(Math.floor(now), 0, TIME_BYTES);
    stamp.set(randomBytes(SALT_BYTES), TIME_BYTES);
    return sign(stamp, address);
  }

  /** When a nonce of ours was issued; undefined if it isn't. */
  function issuedAt(nonce: string, address: string): number | undefined {
    const bytes = Buffer.from(nonce, "base64url");
    if (bytes.length !== TIME_BYTES + SALT_BYTES + MAC_BYTES) return undefined;
    const stamp = bytes.subarray(0, TIME_BYTES + SALT_BYTES);
    return isEqual(sign(stamp, address), nonce) ? stamp.readUIntBE(0, TIME_BYTES) : undefined;
  }

  function take(nonce: string, issued: number, count: number): boolean {
    const uses = used.get(nonce) ?? { issuedAt: issued, highest: 0, window: 0 };
    if (!takeCount(uses, count)) return false;
    used.delete(nonce);
    used.set(nonce, uses);
    const [oldest] = used;
    if (used.size > maxNonces && oldest) {
      used.delete(oldest[0]);
      forgottenUntil = Math.max(forgottenUntil, oldest[1].issuedAt);
    }
    return true;
  }

  return {
    challenge(address, now, isStale) {
      const nonce = createNonce(address, now);
      const stale = isStale ? ", stale=true" : "";
      return algorithms.map(
        algorithm => `Digest realm=${quote(realm)}, nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale}`,
      );
    },
    verify(request, address, now, passwordOf) {
      const values = request.headers.get("authorization") ?? [];
      const parameters = values.map(parseDigest).find(found => found?.get("realm") === realm);
      const algorithm = digestAlgorithm(parameters?.get("algorithm"));
      if (!parameters || !algorithm || !algorithms.includes(algorithm)) return REFUSED;
      const [username, uri, nonce, nc, cnonce, response] = ["username", "uri", "nonce", "nc", "cnonce", "response"].map(
        name => parameters.get(name) ?? "",
      ) as [string, string, string, string, string, string];
      if (parameters.get("qop") !== "auth" || !/^[0-9a-f]{8}$/i.test(nc) || cnonce === "") return REFUSED;
      const target = parseUri(uri);
      if (!target || !isSameUri(target, request.target)) return REFUSED;
      const issued = issuedAt(nonce, address);
      if (issued === undefined) return STALE;
      const known = passwordOf(Buffer.from(username, "latin1").toString("utf8"));
      const password = known === undefined ? dummy : toWire(known);
      const { method } = request;
      const input = { algorithm, username, realm, password, method, uri, nonce, auth: { nc, cnonce } };
      const isRight = isEqual(digestResponse(input), response.toLowerCase());
      if (!isRight || known === undefined) return REFUSED;
      const isForgotten = issued <= forgottenUntil && !used.has(nonce);
      if (now - issued > lifetime || isForgotten || !take(nonce, issued, Number.parseInt(nc, 16))) return STALE;
      return { ok: true, username: Buffer.from(username, "latin1").toString("utf8") };
    },
  };
}

function isEqual(a: string, b: string): boolean {
  const left = Buffer.from(a, "latin1");
  const right = Buffer.from(b, "latin1");
  return left.length === right.length && timingSafeEqual(left, right);
}
