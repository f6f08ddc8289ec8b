import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import type { Token } from "../../protocol/rest.ts";
import { askApi, join, uniqueRoom } from "../testing/client.ts";

const mint = async (body: object): Promise<Token> => (await askApi("POST", "/v1/tokens", body)).json();

describe("minting by REST", () => {
  it("gives an ordinary member's token of ten minutes, which may make the room", async () => {
    const room = uniqueRoom();
    const answer = await mint({ room, identity: "ada" });
    const claims = decodeJwt(answer.token);
    expect(claims).toMatchObject({ aud: "join", sub: "ada", room, grants: { ...MEMBER_GRANTS, create: true } });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600);
    expect(answer).toMatchObject({ room, identity: "ada", expiresAt: (claims.exp ?? 0) * 1_000 });
  });

  it("gives what it was asked for, and the room takes it", async () => {
    const room = uniqueRoom();
    const wanted = { name: "Ada", metadata: "m", attributes: { a: "b" }, grants: { create: true, chat: true } };
    const { token } = await mint({ room, identity: "ada", ttl: 5, ...wanted });
    expect(decodeJwt(token)).toMatchObject(wanted);
    const ada = await join(room, "ada", { token });
    expect(ada.welcome.you).toMatchObject({ ...wanted, moderator: false, direct: false });
  });

  it("gives none that would be refused later", async () => {
    const room = uniqueRoom();
    const bodies = [
      { room, identity: "ada", ttl: 86_401 },
      { room, identity: "a b" },
      { room: "No Room", identity: "ada" },
      { room, identity: "ada", metadata: "m".repeat(4_000), attributes: { a: "v".repeat(97) } },
    ];
    for (const body of bodies) expect((await askApi("POST", "/v1/tokens", body)).ok).toBe(false);
  });
});
