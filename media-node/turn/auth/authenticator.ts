import type { KeyObject } from "node:crypto";
import { STUN_ATTRIBUTE, STUN_ERROR, STUN_METHOD, STUN_PASSWORD_ALGORITHM } from "../../stun/constants.ts";
import { attributeEquals, passwordAlgorithms, readPasswordAlgorithm } from "../../stun/credentials.ts";
import { verifyIntegrity, verifyIntegritySha256 } from "../../stun/integrity.ts";
import { attributeLength, attributeText, findAttribute, type StunMessage } from "../../stun/message.ts";
import type { Allocation, Scope } from "../allocation.ts";
import type { Nonces } from "./nonce.ts";
import type { Revocations } from "./revocations.ts";
import type { UserDirectory } from "./users.ts";

/** Who a request is from, and how to answer so that the client believes it. Reused. */
export interface Authentication {
  username: string;
  identity: string;
  scope: Scope;
  key: KeyObject | undefined;
  /** The answer carries MESSAGE-INTEGRITY-SHA256 instead of MESSAGE-INTEGRITY. */
  sha256: boolean;
}

export interface Authenticator {
  readonly result: Authentication;
  /**
   * Checks a request by the long-term mechanism (RFC 8489 §9.2.4) and puts what it learnt into `result`.
   * @param allocation the one on the client's 5-tuple
   * @returns 0, or the error to answer with; `result.key` is set where that answer can be signed
   */
  check(message: StunMessage, address: string, port: number, allocation: Allocation | undefined, now: number): number;
  /** PASSWORD-ALGORITHMS of a challenge. */
  readonly algorithms: Uint8Array;
}

export interface AuthenticatorOptions {
  readonly realm: string;
  readonly users: UserDirectory;
  readonly nonces: Nonces;
  readonly revocations: Revocations;
  /** Seconds since 1970. */
  readonly unixSeconds: () => number;
}

export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { realm, users, nonces, revocations, unixSeconds } = options;
  const algorithms = passwordAlgorithms([STUN_PASSWORD_ALGORITHM.sha256, STUN_PASSWORD_ALGORITHM.md5]);
  const result: Authentication = { username: "", identity: "", scope: "media", key: undefined, sha256: false };

  /** The algorithm that a request chose, or -1 if it chose wrongly: then somebody may be bidding us down. */
  function algorithmOf(message: StunMessage): number {
    const hasList = findAttribute(message, STUN_ATTRIBUTE.passwordAlgorithms) >= 0;
    const chosen = readPasswordAlgorithm(message);
    if (!hasList && chosen === 0) return STUN_PASSWORD_ALGORITHM.md5;
    if (!attributeEquals(message, STUN_ATTRIBUTE.passwordAlgorithms, algorithms)) return -1;
    const isKnown = chosen === STUN_PASSWORD_ALGORITHM.md5 || chosen === STUN_PASSWORD_ALGORITHM.sha256;
    return isKnown ? chosen : -1;
  }

  function nameOf(message: StunMessage): string | undefined {
    const hashAt = findAttribute(message, STUN_ATTRIBUTE.userhash);
    if (hashAt < 0) return attributeText(message, STUN_ATTRIBUTE.username, 508);
    if (attributeLength(message, hashAt) !== 32) return undefined;
    return users.nameOf(message.bytes.subarray(hashAt + 4, hashAt + 36)) ?? "";
  }

  const isSigned = (message: StunMessage, key: KeyObject): boolean =>
    result.sha256 ? verifyIntegritySha256(message, key) : verifyIntegrity(message, key);

  return {
    result,
    algorithms,
    check(message, address, port, allocation, now) {
      result.key = undefined;
      result.sha256 = message.integritySha256At >= 0;
      if (message.integrityAt < 0 && !result.sha256) return STUN_ERROR.unauthenticated;
      const username = nameOf(message);
      const place = attributeText(message, STUN_ATTRIBUTE.realm);
      const nonce = attributeText(message, STUN_ATTRIBUTE.nonce);
      if (username === undefined || place === undefined || nonce === undefined) return STUN_ERROR.badRequest;
      // Before any work for a password: whoever has no nonce hasn't proven an address.
      if (!nonces.isFresh(nonce, address, port, now)) return STUN_ERROR.staleNonce;
      const algorithm = algorithmOf(message);
      if (algorithm < 0) return STUN_ERROR.badRequest;
      if (place !== realm) return STUN_ERROR.unauthenticated;
      result.username = username;

      // A call goes on with the key it began with, though its credentials may have expired since.
      if (allocation?.username === username && isSigned(message, allocation.key)) {
        result.key = allocation.key;
        result.identity = allocation.identity;
        result.scope = allocation.scope;
        return 0;
      }
      const user = users.find(username);
      if (!user) return STUN_ERROR.unauthenticated;
      for (const key of user.keys(algorithm)) {
        if (!isSigned(message, key)) continue;
        const isNew = message.method === STUN_METHOD.allocate && !allocation;
        const time = unixSeconds();
        if (isNew && (user.expiresAt <= time || revocations.has(user.identity, time)))
          return STUN_ERROR.unauthenticated;
        result.key = key;
        result.identity = user.identity;
        result.scope = user.scope;
        return allocation && allocation.username !== username ? STUN_ERROR.wrongCredentials : 0;
      }
      return STUN_ERROR.unauthenticated;
    },
  };
}
