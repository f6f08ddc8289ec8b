import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { HOST_GRANTS, MEMBER_GRANTS } from "../../protocol/grants.ts";
import type { Invitations, RedeemedInvitation } from "../../protocol/rest.ts";
import { OPERATOR_PASSWORD } from "../testing/bindings.ts";
import { askApi, uniqueAddress, uniqueRoom } from "../testing/client.ts";
import { stubOf } from "../testing/time.ts";
import { createApp } from "./app.ts";

const app = createApp();
const post = (path: string, body: unknown, access = "invite", address = uniqueAddress()) =>
  app.fetch(
    new Request(`https://edge.test${path}`, {
      method: "POST",
      headers: { "cf-connecting-ip": address },
      body: JSON.stringify(body),
    }),
    { ...env, ROOM_ACCESS: access },
  );
const password = OPERATOR_PASSWORD;
const invite = async (more: object = {}): Promise<Invitations> =>
  (await post("/v1/invitations", { password, ...more })).json();

describe("an invitation", () => {
  it("makes a room that waits for thirty days", async () => {
    const { room, expiresAt } = await invite();
    expect(room).toMatch(/^[a-z]{4}-[a-z]{4}-[a-z]{4}$/);
    const detail = await (await askApi("GET", `/v1/rooms/${room}`)).json();
    expect(detail).toMatchObject({ expiresAt, participants: 0 });
    expect(expiresAt - Date.now()).toBeGreaterThan(30 * 86_400_000 - 60_000);
  });

  it("buys a token of five minutes for the role it was made for, with an identity of the server's making", async () => {
    const { room, host, guest } = await invite({ name: uniqueRoom(), jurisdiction: "eu" });
    expect(room.startsWith("eu.")).toBe(true);
    const redeem = async (invitation: string): Promise<RedeemedInvitation> =>
      (await post("/v1/invitations/redeem", { room, invitation, name: "Kim" })).json();
    const asHost = await redeem(host);
    expect(asHost).toMatchObject({ role: "host", room });
    expect(decodeJwt(asHost.token)).toMatchObject({ room, name: "Kim", sub: asHost.identity, grants: HOST_GRANTS });
    expect(asHost.expiresAt - Date.now()).toBeLessThanOrEqual(300_000);
    const asGuest = await redeem(guest);
    expect(decodeJwt(asGuest.token).grants).toEqual(MEMBER_GRANTS);
    expect(asGuest.role).toBe("guest");
    expect((await redeem(guest)).identity).not.toBe(asGuest.identity);
  });

  it("is nothing in another room, changed, or without one, and all look alike", async () => {
    const { room, guest } = await invite();
    const other = await invite();
    const attempts = [
      { room: other.room, invitation: guest },
      { room, invitation: `${guest.slice(0, -1)}!` },
      { room: uniqueRoom(), invitation: guest },
    ];
    const answers = await Promise.all(
      attempts.map(async attempt => (await post("/v1/invitations/redeem", { ...attempt, name: "Eve" })).json()),
    );
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ code: "invitation-invalid", status: 403 });
  });

  it("is kept as a hash only", async () => {
    const { room, host, guest } = await invite();
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      const rows = JSON.stringify(storage.sql.exec("SELECT * FROM invitations").toArray());
      expect(rows).toContain("guest");
      for (const secret of [host, guest]) expect(rows).not.toContain(secret);
    });
  });

  it("needs the operator's password, which can't be guessed from one address", async () => {
    const address = uniqueAddress();
    const wrong = await post("/v1/invitations", { password: "wrong" }, "invite", address);
    expect(await wrong.json()).toMatchObject({ code: "password-wrong", status: 403 });
    for (let i = 0; i < 9; i++) await post("/v1/invitations", { password: `guess ${i}` }, "invite", address);
    expect((await post("/v1/invitations", { password }, "invite", address)).status, "even right").toBe(429);
    expect((await post("/v1/invitations", { password })).status).toBe(201);
  });

  it("does not take a room that is there", async () => {
    const name = uniqueRoom();
    await invite({ name });
    expect(await (await post("/v1/invitations", { password, name })).json()).toMatchObject({ code: "room-exists" });
  });

  it("lets a class of thirty in from one address, and stops one who guesses", async () => {
    const { room, guest } = await invite();
    const address = uniqueAddress();
    const redeem = (invitation: string) =>
      post("/v1/invitations/redeem", { room, invitation, name: "Pupil" }, "invite", address);
    for (let i = 0; i < 30; i++) expect((await redeem(guest)).status).toBe(201);
    for (let i = 0; i < 10; i++) expect((await redeem(`${guest.slice(0, -2)}${i}!`)).status).toBe(403);
    expect((await redeem(`${guest.slice(0, -2)}!!`)).status).toBe(429);
    expect((await redeem(guest)).status).toBe(201);
  });
});

describe("the access modes", () => {
  it.each([
    ["token", "/v1/invitations"],
    ["open", "/v1/invitations"],
    ["token", "/v1/invitations/redeem"],
    ["token", "/v1/open/tokens"],
    ["invite", "/v1/open/tokens"],
  ])("(%s) shut %s", async (access, path) => {
    const body = { password, room: uniqueRoom(), name: "Ada", invitation: "x".repeat(32) };
    const response = await post(path, body, access);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: "access-mode" });
  });

  it("(open) give anybody a host's token, as nobody in particular", async () => {
    const room = uniqueRoom();
    const answer: { token: string; identity: string } = await (
      await post("/v1/open/tokens", { room, name: "Ada" }, "open")
    ).json();
    expect(decodeJwt(answer.token)).toMatchObject({ room, name: "Ada", grants: HOST_GRANTS, sub: answer.identity });
  });
});
