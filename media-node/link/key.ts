/**
 * The node's key and the short-lived tokens made from it. Taking the key out of the edge's NODE_KEYS revokes the node.
 * @module
 */
import { SignJWT } from "jose";
import { BEARER_PREFIX, LINK_PROTOCOL } from "../../src/protocol/index.ts";

/** A key as settings carry it. */
export interface NodeKey {
  readonly name: string;
  readonly secret: Uint8Array;
}

/** Read `NAME:SECRET`; throws with a sentence that says what is wrong, never with the secret. */
export function readNodeKey(text: string): NodeKey {
  const colon = text.indexOf(":");
  if (colon < 1)
    throw new Error("TANDEM_KEY is missing or not NAME:SECRET; take a name and a secret from the edge's NODE_KEYS");
  const secret = new TextEncoder().encode(text.slice(colon + 1));
  if (secret.byteLength < 32) throw new Error("the secret in TANDEM_KEY is shorter than 32 bytes");
  return { name: text.slice(0, colon), secret };
}

/** Subprotocols of one dial: the contract, and a token that is good for a minute. */
export async function linkProtocols(key: NodeKey, id: string): Promise<string[]> {
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid: key.name })
    .setAudience("node")
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(key.secret);
  return [LINK_PROTOCOL, BEARER_PREFIX + token];
}
