import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { Scope } from "../allocation.ts";

/** What a user name made by a secret's holder says. */
export interface RestName {
  /** Seconds since 1970. */
  readonly expiresAt: number;
  readonly scope: Scope;
  /** Whose allocations are counted and revoked together. */
  readonly identity: string;
}

const NAME = /^(\d{1,12})(?::(.*))?$/;

/**
 * Reads `expiry:scope:opaque-id`, `expiry:id` as coturn's users mint it, or a bare `expiry`
 * (draft-uberti-behave-turn-rest-00 §2.2).
 * @returns undefined for other names, and for a scope that this version doesn't know: it must not widen to `any`
 */
export function parseRestName(username: string): RestName | undefined {
  const match = NAME.exec(username);
  if (!match) return undefined;
  const expiresAt = Number(match[1]);
  const rest = match[2] ?? "";
  const colon = rest.indexOf(":");
  if (colon < 0) return { expiresAt, scope: "any", identity: rest };
  const scope = rest.slice(0, colon);
  if (scope !== "media" && scope !== "any") return undefined;
  return { expiresAt, scope, identity: rest.slice(colon + 1) };
}

/** Key of a shared secret, for `restPassword`. */
export function restSecret(secret: string): KeyObject {
  return createSecretKey(secret, "utf8");
}

/** The password that goes with a user name: HMAC-SHA1 in base64. */
export function restPassword(secret: KeyObject, username: string): string {
  return createHmac("sha1", secret).update(username).digest("base64");
}
