import { describe, expect, it } from "vitest";
import { ask, join, uniqueAddress, uniqueRoom, upgrade } from "../testing/client.ts";
import { joinToken } from "../testing/tokens.ts";

describe("the way into a room", () => {
  it("says in HTTP what a client without the protocol did wrong", async () => {
    const plain = await ask(`/v1/rooms/${uniqueRoom()}/connect`);
    expect(plain.status).toBe(400);
    expect(await plain.json()).toMatchObject({ code: "bad-request", detail: "expects a WebSocket upgrade" });
    const { response } = await upgrade(uniqueRoom(), ["tandem.v99"]);
    expect(response.status).toBe(426);
    expect(await response.json()).toMatchObject({ code: "upgrade-required" });
  });

  it("says in a frame that a token is missing, or the room's name is none", async () => {
    const missing = await upgrade(uniqueRoom(), ["tandem.v1"]);
    expect(await missing.client?.next("error")).toMatchObject({ code: "token-missing" });
    expect((await missing.client?.closed)?.code).toBe(4410);
    const wrong = await upgrade("Not_A_Name", ["tandem.v1", "bearer.x"]);
    expect(await wrong.client?.next("error")).toMatchObject({ code: "bad-request" });
  });

  it("takes nothing for verified that a client claims", async () => {
    const room = uniqueRoom();
    await join(room, "host");
    const forged = encodeURIComponent(JSON.stringify({ kind: "join", claims: { sub: "host", grants: {}, iat: 1e12 } }));
    const { client } = await upgrade(room, ["tandem.v1"], { "x-tandem-admission": forged });
    expect(await client?.next("error")).toMatchObject({ code: "token-missing" });
  });

  it("meets a flood of bad tokens from one address with a plain 429, and lets valid ones in from there", async () => {
    const room = uniqueRoom();
    const headers = { "cf-connecting-ip": uniqueAddress() };
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) {
      statuses.push((await upgrade(room, ["tandem.v1", "bearer.forged"], headers)).response.status);
    }
    expect(statuses).toEqual([...Array(10).fill(101), 429, 429]);
    for (let i = 0; i < 20; i++) {
      const token = await joinToken({ room, identity: `pupil-${i}` });
      const { response } = await upgrade(room, ["tandem.v1", `bearer.${token}`], headers);
      expect(response.status).toBe(101);
    }
  });

  it("lets one identity join thirty times a minute", async () => {
    const room = uniqueRoom();
    const token = await joinToken({ room, identity: "restless" });
    const statuses: number[] = [];
    for (let i = 0; i < 31; i++) {
      const { response, client } = await upgrade(room, ["tandem.v1", `bearer.${token}`]);
      statuses.push(response.status);
      client?.close();
    }
    expect(statuses.slice(0, 30).every(status => status === 101)).toBe(true);
    expect(statuses[30]).toBe(429);
    expect(
      await joinToken({ room, identity: "calm" }).then(t => upgrade(room, ["tandem.v1", `bearer.${t}`])),
    ).toMatchObject({ response: { status: 101 } });
  });
});
