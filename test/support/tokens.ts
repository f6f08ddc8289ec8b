import { SignJWT } from "jose";
import { type Grants, HOST_GRANTS } from "../../src/protocol/index.ts";
import { SECRETS } from "./edge.ts";

const key = new TextEncoder().encode((JSON.parse(SECRETS.API_KEYS) as { test: string }).test);

const sign = (claims: Record<string, unknown>, audience: string): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: "test" })
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime("10m")
    .sign(key);

/** A join token for the edges that tests start. */
export const joinToken = (room: string, identity: string, grants: Grants = HOST_GRANTS): Promise<string> =>
  sign({ sub: identity, room, name: identity, grants }, "join");

/** A token for their REST API. */
export const apiToken = (): Promise<string> => sign({}, "api");
