import { type RandomBytes, randomToken } from "../message/identifier.ts";
import type { SipResponse } from "../message/message.ts";
import { quote, toWire } from "../message/syntax.ts";
import { type DigestAlgorithm, digestAlgorithm, digestResponse, parseDigest } from "./digest.ts";

export interface SipCredentials {
  readonly username: string;
  readonly password: string;
}

/** Answers the challenges of a call's servers (RFC 3261 §22, RFC 8760), in later requests without being asked. */
export interface DigestClient {
  /** Takes a 401 or 407. Returns whether another try makes sense. */
  challenged(response: SipResponse): boolean;
  /** The fields to be added to a request, by their key. */
  authorize(method: string, uri: string): Map<string, string[]>;
}

interface Challenge {
  readonly key: "authorization" | "proxy-authorization";
  readonly realm: string;
  readonly nonce: string;
  readonly opaque: string | undefined;
  readonly algorithm: DigestAlgorithm;
  readonly hasQop: boolean;
  uses: number;
}

/** A server's ways through its own proxies; more realms than that are a loop. */
const MAX_REALMS = 4;

/** Reads a challenge that we can answer, else undefined. */
function readChallenge(value: string, key: Challenge["key"]): (Challenge & { isStale: boolean }) | undefined {
  const parameters = parseDigest(value);
  const realm = parameters?.get("realm");
  const nonce = parameters?.get("nonce");
  const algorithm = digestAlgorithm(parameters?.get("algorithm"));
  if (!parameters || realm === undefined || nonce === undefined || algorithm === undefined) return undefined;
  const qop = parameters.get("qop");
  const hasQop = qop !== undefined;
  if (hasQop && !qop.split(",").some(option => option.trim().toLowerCase() === "auth")) return undefined;
  const isStale = parameters.get("stale")?.toLowerCase() === "true";
  return { key, realm, nonce, opaque: parameters.get("opaque"), algorithm, hasQop, uses: 0, isStale };
}

export function createDigestClient(credentials: SipCredentials, randomBytes: RandomBytes): DigestClient {
  const challenges = new Map<string, Challenge>();
  const username = toWire(credentials.username);
  const password = toWire(credentials.password);

  function format(challenge: Challenge, method: string, uri: string): string {
    const { algorithm, realm, nonce, opaque, hasQop } = challenge;
    const nc = (++challenge.uses).toString(16).padStart(8, "0");
    const auth = hasQop ? { nc, cnonce: randomToken(randomBytes, 8) } : undefined;
    const response = digestResponse({ algorithm, username, realm, password, method, uri, nonce, auth });
    const parts = [
      `username=${quote(username)}`,
      `realm=${quote(realm)}`,
      `nonce=${quote(nonce)}`,
      `uri=${quote(uri)}`,
      `response="${response}"`,
      `algorithm=${algorithm}`,
    ];
    if (opaque !== undefined) parts.push(`opaque=${quote(opaque)}`);
    if (auth) parts.push("qop=auth", `nc=${nc}`, `cnonce="${auth.cnonce}"`);
    return `Digest ${parts.join(", ")}`;
  }

  return {
    challenged({ status, headers }) {
      const key = status === 407 ? "proxy-authorization" : "authorization";
      const values = headers.get(status === 407 ? "proxy-authenticate" : "www-authenticate") ?? [];
      const seen = new Set<string>();
      let isNew = false;
      for (const value of values) {
        const challenge = readChallenge(value, key);
        // The server's first that we know counts (RFC 8760 §2.4).
        if (!challenge || seen.has(challenge.realm)) continue;
        seen.add(challenge.realm);
        const id = `${key} ${challenge.realm}`;
        const known = challenges.get(id);
        if (known ? !challenge.isStale || known.nonce === challenge.nonce : challenges.size >= MAX_REALMS) continue;
        challenges.set(id, challenge);
        isNew = true;
      }
      return isNew;
    },
    authorize(method, uri) {
      const fields = new Map<string, string[]>();
      for (const challenge of challenges.values()) {
        const values = fields.get(challenge.key) ?? [];
        values.push(format(challenge, method, uri));
        fields.set(challenge.key, values);
      }
      return fields;
    },
  };
}
