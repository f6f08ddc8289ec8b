/**
 * TURN credentials as nodes check them: the user name says until when, where to and whose, the password proves that we said so.
 * @module
 */
// Synchronous, as Web Crypto is not: a room makes them in the middle of a turn.
import { createHmac } from "node:crypto";

/** Where a relay may send: `media`, to the fleet's media ports only; `any`, to every peer that the node's policy allows. */
export type RelayScope = "media" | "any";

/** What a TURN server is told by its user's name. */
export interface RelayGrant {
  /** Random, of one participant: whose relays are counted and ended together. */
  readonly id: string;
  readonly scope: RelayScope;
  /** Seconds since 1970, after which no relay can be begun with it. */
  readonly until: number;
}

/**
 * The secret of one node, derived from the deployment's: stolen there, it is of no use elsewhere. Printable, since nodes take it
 * for text as they do a secret of their own.
 */
export const nodeSecret = (secret: string, node: string): string =>
  createHmac("sha256", secret).update(`tandem-turn:${node}`).digest("base64url");

/** User name and password for a node (draft-uberti-behave-turn-rest-00 §2.2, with a scope). */
export function relayCredential(
  secret: string,
  node: string,
  { id, scope, until }: RelayGrant,
): { username: string; credential: string } {
  const username = `${until}:${scope}:${id}`;
  return { username, credential: createHmac("sha1", nodeSecret(secret, node)).update(username).digest("base64") };
}
