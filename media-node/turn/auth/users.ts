import type { KeyObject } from "node:crypto";
import { STUN_PASSWORD_ALGORITHM } from "../../stun/constants.ts";
import { longTermKey, userhash } from "../../stun/credentials.ts";
import type { Scope } from "../allocation.ts";
import { parseRestName, restPassword, restSecret } from "./rest-credentials.ts";

/** Somebody whose password we know or can compute. */
export interface User {
  readonly identity: string;
  readonly scope: Scope;
  /** Seconds since 1970; Infinity for static users. */
  readonly expiresAt: number;
  /** One key for each secret that the password may come from, for an algorithm of `STUN_PASSWORD_ALGORITHM`. */
  keys(algorithm: number): Iterable<KeyObject>;
}

export interface UserDirectory {
  find(username: string): User | undefined;
  /** The name behind a USERHASH (RFC 8489 §14.4): of static users only, others' names aren't known beforehand. */
  nameOf(hash: Uint8Array): string | undefined;
  /** Takes these secrets beside those it was made with, in place of those it took before. */
  arm(secrets: readonly string[]): void;
}

export interface UsersOptions {
  readonly realm: string;
  /** Shared secrets; several while one replaces another. */
  readonly secrets?: readonly string[];
  readonly users?: Readonly<Record<string, string>>;
}

/** @throws Error when a static user's name or password can't be used in STUN (RFC 8265) */
export function createUserDirectory({ realm, secrets = [], users = {} }: UsersOptions): UserDirectory {
  const ownKeys = secrets.map(restSecret);
  let secretKeys = ownKeys;
  const staticUsers = new Map<string, User>();
  const names = new Map<string, string>();
  for (const [name, password] of Object.entries(users)) {
    const md5 = longTermKey(STUN_PASSWORD_ALGORITHM.md5, name, realm, password);
    const sha256 = longTermKey(STUN_PASSWORD_ALGORITHM.sha256, name, realm, password);
    const hash = userhash(name, realm);
    if (!md5 || !sha256 || !hash)
      throw new Error(`user "${name}": name or password holds characters that STUN forbids`);
    const keys = (algorithm: number) => [algorithm === STUN_PASSWORD_ALGORITHM.sha256 ? sha256 : md5];
    staticUsers.set(name, { identity: name, scope: "any", expiresAt: Number.POSITIVE_INFINITY, keys });
    names.set(Buffer.from(hash).toString("hex"), name);
  }

  return {
    find(username) {
      const user = staticUsers.get(username);
      if (user || secretKeys.length === 0) return user;
      const name = parseRestName(username);
      if (!name) return undefined;
      return {
        ...name,
        *keys(algorithm) {
          for (const secret of secretKeys) {
            const key = longTermKey(algorithm, username, realm, restPassword(secret, username));
            if (key) yield key;
          }
        },
      };
    },
    nameOf: hash => names.get(Buffer.from(hash).toString("hex")),
    arm(more) {
      secretKeys = [...more.map(restSecret), ...ownKeys];
    },
  };
}
