/** `/v1/invitations`: rooms that people enter by a link (`ROOM_ACCESS=invite`). @module */
import { Hono } from "hono";
import { TandemError } from "../../protocol/errors.ts";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import { TIMES } from "../../protocol/limits.ts";
import { CreateInvitations, type Invitations, type RedeemedInvitation, RedeemInvitation } from "../../protocol/rest.ts";
import { unwrap } from "../reply.ts";
import { ROOM_DEFAULTS } from "../rooms/entry.ts";
import { hostGrants, secretOf, settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { mintJoinToken } from "../tokens/jwt.ts";
import { hashOf, randomId, randomRoomName } from "../tokens/random.ts";
import { bodyOf, type HttpEnv } from "./http.ts";
import { countFailures, spendPasswordAttempt } from "./limits.ts";

/** Compares digests, so that neither content nor length of the password shows in the time it takes. */
async function isPassword(given: string, wanted: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return crypto.subtle.timingSafeEqual(await digest(given), await digest(wanted));
}

function requireInviteMode(env: Cloudflare.Env): void {
  if (settingsOf(env).access !== "invite") throw new TandemError("access-mode");
}

export const invitations = new Hono<HttpEnv>();

invitations.post("/", async c => {
  requireInviteMode(c.env);
  const wanted = secretOf(c.env, "OPERATOR_PASSWORD");
  await spendPasswordAttempt(c.env, c.req.raw);
  const { password, name = randomRoomName(), jurisdiction } = await bodyOf(c, CreateInvitations);
  if (!(await isPassword(password, wanted))) throw new TandemError("password-wrong");
  const room = jurisdiction ? `${jurisdiction}.${name}` : name;
  const host = randomId(24);
  const guest = randomId(24);
  const hashes = { host: await hashOf(host), guest: await hashOf(guest) };
  const settings = { ...ROOM_DEFAULTS, metadata: undefined, region: undefined, invitations: hashes };
  const { expiresAt, createdAt } = unwrap(await roomStub(c.env, room).create(settings));
  const answer: Invitations = { room, host, guest, expiresAt: expiresAt ?? createdAt + TIMES.inviteRecord };
  return c.json(answer, 201);
});

invitations.post("/redeem", async c => {
  requireInviteMode(c.env);
  const { room, invitation, name } = await bodyOf(c, RedeemInvitation);
  const role = await countFailures(c.env, c.req.raw, async () =>
    unwrap(await roomStub(c.env, room).redeem(await hashOf(invitation))),
  );
  const identity = `${role}-${randomId(9)}`;
  const claims = { sub: identity, room, name, grants: role === "host" ? hostGrants(c.env) : MEMBER_GRANTS };
  const minted = await mintJoinToken(c.env, claims, TIMES.inviteToken / 1_000);
  const answer: RedeemedInvitation = { room, identity, role, ...minted };
  return c.json(answer, 201);
});
