import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import type { IceServer } from "../../protocol/model.ts";
import { IceServers } from "../../protocol/rest.ts";
import { createContext } from "../rooms/context.ts";
import { serversByToken } from "../rooms/ice.ts";
import { settingsOf } from "../settings.ts";
import { TEST_BINDINGS } from "../testing/bindings.ts";
import { ask, askApi, type Joined, join, uniqueAddress, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import { pass, stubOf } from "../testing/time.ts";
import { apiToken, joinToken } from "../testing/tokens.ts";
import { mintResumeToken } from "../tokens/resume.ts";
import { iceLinks } from "./ice-servers.ts";

const fleet = createTestFleet("ice");
afterEach(async () => {
  vi.useRealTimers();
  await fleet.clear();
});

const turn = ["turn:192.0.2.1:3478"];
const get = (token: string, query = "", address = uniqueAddress()): Promise<Response> =>
  ask(`/v1/ice-servers${query}`, { headers: { authorization: `Bearer ${token}`, "cf-connecting-ip": address } });
const codeOf = async (response: Promise<Response>): Promise<string> =>
  ((await (await response).json()) as { code: string }).code;
const serversOf = async (response: Promise<Response>): Promise<IceServer[]> => {
  const answer = await response;
  expect(answer.status).toBe(200);
  return v.parse(IceServers, await answer.json()).iceServers;
};
const nameOf = (servers: readonly IceServer[]): string[] => servers[0]?.username?.split(":") ?? [];
const idOf = ({ welcome }: Joined): string | undefined => nameOf(welcome.iceServers)[2];

describe("servers by REST", () => {
  it("are those of the welcome, for a participant with its join token, its resume token, or a back end's", async () => {
    await fleet.link({ turn });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    for (const [token, query] of [
      [await joinToken({ room, identity: "ada" }), ""],
      [await joinToken({ room, identity: "ada" }), `?room=${room}`],
      [ada.welcome.resume, `?room=${room}`],
      [await apiToken(), `?room=${room}&identity=ada`],
    ] as const) {
      const response = await get(token, query);
      const body = v.parse(IceServers, await response.json());
      expect(body.iceServers.map(({ urls }) => urls)).toEqual(ada.welcome.iceServers.map(({ urls }) => urls));
      expect(nameOf(body.iceServers)[2]).toBe(idOf(ada));
      expect(body.expiresAt).toBeGreaterThan(Date.now() + 590_000);
      expect(response.headers.get("cache-control")).toBe("no-store");
    }
  });

  it("may be had before joining, and are the participant's once it is in: taken from it when it goes", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const host = await join(room, "ada");
    const token = await joinToken({ room, identity: "bob" });
    const before = nameOf(await serversOf(get(token)));
    expect(before[2]).not.toBe(idOf(host));
    const bob = await join(room, "bob", { token });
    expect(idOf(bob)).toBe(before[2]);
    await host.ask("moderate.remove", { pid: bob.pid });
    expect(await node.next("turn.revoke")).toMatchObject({ identity: before[2] });
    expect(await codeOf(get(token))).toBe("removed");
  });

  it("are the nearest, as far as the edge can tell where somebody is", async () => {
    await fleet.link({ turn: ["turn:192.0.2.1:3478"], region: "weur" });
    await fleet.link({ turn: ["turn:192.0.2.2:3478"], region: "oc" });
    await fleet.link({ turn: ["turn:192.0.2.3:3478"], region: "wnam" });
    const room = uniqueRoom();
    await join(room, "ada");
    const from = async (cf: object): Promise<unknown[]> => {
      const headers = { authorization: `Bearer ${await joinToken({ room, identity: "bob" })}` };
      const servers = await serversOf(ask("/v1/ice-servers", { headers, cf } as RequestInit));
      return servers.filter(({ username }) => username).map(({ urls }) => urls[0]?.split(":")[1]);
    };
    expect(await from({ latitude: "-37.81", longitude: "144.96" })).toEqual(["192.0.2.2", "192.0.2.3"]);
    expect(await from({ latitude: "48.85", longitude: "2.35" })).toEqual(["192.0.2.1", "192.0.2.3"]);
    expect(await from({ latitude: "nowhere" })).toHaveLength(2);
  });

  it("end with the room for who never came", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    await join(room, "ada");
    const [, , id] = nameOf(await serversOf(get(await joinToken({ room, identity: "bob" }))));
    await askApi("DELETE", `/v1/rooms/${room}`);
    const told = [await node.next("turn.revoke"), await node.next("turn.revoke")];
    expect(told.map(({ identity }) => identity)).toContain(id);
  });

  it("reach nodes only before joining, as nobody could end what is begun with them", async () => {
    await fleet.link({ turn });
    const room = uniqueRoom();
    await join(room, "ada");
    const token = await joinToken({ room, identity: "bob" });
    expect(nameOf(await serversOf(get(token)))[1]).toBe("media");
    const bob = await join(room, "bob", { token });
    expect(nameOf(bob.welcome.iceServers)[1]).toBe("any");
    expect(nameOf(await serversOf(get(token)))[1]).toBe("any");
  });

  it("reach nodes only, for who could not take part in a mesh", async () => {
    await fleet.link({ turn });
    const room = uniqueRoom();
    await join(room, "ada");
    const token = await joinToken({ room, identity: "bob", grants: { ...MEMBER_GRANTS, data: false } });
    await join(room, "bob", { token });
    expect(nameOf(await serversOf(get(token)))[1]).toBe("media");
  });

  it("are refused to all others", async () => {
    await fleet.link({ turn });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const elsewhere = await joinToken({ room: uniqueRoom(), identity: "ada" });
    const expired = await joinToken({ room, identity: "ada", issued: -600, lasts: 60 });
    const seat = { room, life: ada.welcome.room.life, pid: ada.pid };
    const old = mintResumeToken(TEST_BINDINGS.RESUME_SECRET, seat, Date.now() - 8 * 86_400_000);
    const forged = mintResumeToken("not the secret of this deployment at all", seat, Date.now());
    const stranger = mintResumeToken(TEST_BINDINGS.RESUME_SECRET, { ...seat, pid: "p_00000000" }, Date.now());
    const query = `?room=${room}`;
    expect(await codeOf(ask("/v1/ice-servers"))).toBe("token-missing");
    expect(await codeOf(get("nonsense"))).toBe("token-invalid");
    expect(await codeOf(get("a.b.c"))).toBe("token-invalid");
    expect(await codeOf(get(elsewhere, query))).toBe("token-wrong-room");
    expect(await codeOf(get(expired))).toBe("token-expired");
    expect(await codeOf(get(old, query))).toBe("token-expired");
    expect(await codeOf(get(forged, query))).toBe("token-invalid");
    expect(await codeOf(get(ada.welcome.resume, `?room=${uniqueRoom()}`))).toBe("token-invalid");
    expect(await codeOf(get(ada.welcome.resume))).toBe("bad-request");
    expect(await codeOf(get(stranger, query))).toBe("resume-refused");
    expect(await codeOf(get(await apiToken(), query))).toBe("bad-request");
    expect(await codeOf(get(await apiToken(), `?room=${uniqueRoom()}&identity=ada`))).toBe("no-such-room");
    expect(await codeOf(get(await apiToken(), "?room=Not_A_Name&identity=ada"))).toBe("bad-request");
    await ada.ask("leave");
    expect(await codeOf(get(ada.welcome.resume, query)), "after leaving").toBe("resume-refused");
    const guest = await joinToken({ room: uniqueRoom(), identity: "ada", grants: MEMBER_GRANTS });
    expect(await codeOf(get(guest)), "a room that is not, and no right to make it").toBe("no-such-room");
  });

  it("are not handed out without end: by identity with a token, by address without", async () => {
    const room = uniqueRoom();
    await join(room, "ada");
    const token = await joinToken({ room, identity: "ada" });
    const valid = await Promise.all(Array.from({ length: 40 }, async () => (await get(token)).status));
    expect(valid).toContain(200);
    expect(valid).toContain(429);
    const address = uniqueAddress();
    const bad = await Promise.all(Array.from({ length: 20 }, async () => (await get("a.b.c", "", address)).status));
    expect(bad).toContain(429);
    expect((await get(await joinToken({ room, identity: "bob" }), "", address)).status).toBe(200);
  });
});

describe("without a TURN secret", () => {
  it("people are given what the deployment lists, and nothing fails", async () => {
    await fleet.link({ turn });
    const room = uniqueRoom();
    await join(room, "ada");
    await runInDurableObject(stubOf(room), async (_, state) => {
      const { TURN_SECRET: __, ...rest } = env;
      const bare = createContext(state, rest as Cloudflare.Env);
      const list = await serversByToken(bare, { kind: "api", identity: "bob" }, undefined);
      expect(list).toEqual({ iceServers: [{ urls: ["stun:stun.example:3478"] }] });
    });
  });

  it("that is long enough, the deployment says so", () => {
    const short = { ...env, TURN_SECRET: "a secret that is good and long enough,short" };
    expect(() => settingsOf(short)).toThrow(/TURN_SECRET: at most 8 secrets of 32 characters/);
    expect(settingsOf({ ...env, TURN_SECRET: " a secret that is good and long enough " }).turnSecrets).toHaveLength(1);
  });
});

describe("while the fleet does not answer", () => {
  it("people join without relays", async () => {
    const room = uniqueRoom();
    await join(room, "ada");
    await runInDurableObject(stubOf(room), async (_, state) => {
      const FLEET = { getByName: () => ({ relays: () => Promise.reject(new Error("overloaded")) }) };
      const context = createContext(state, { ...env, FLEET } as never);
      pass(0);
      const list = await serversByToken(context, { kind: "api", identity: "bob" }, undefined);
      expect(list.iceServers).toHaveLength(1);
    });
  });
});

describe("Link headers", () => {
  it("carry each URL with its credentials, quoted", () => {
    const links = iceLinks([
      { urls: ["turn:192.0.2.1:3478?transport=udp", "turns:192.0.2.1"], username: '1:any:"x\\', credential: "a+/=" },
      { urls: ["stun:192.0.2.1"] },
      { urls: ["turn:x>; rel=evil\r\n"], username: "u\r\nset-cookie: x", credential: "c" },
    ]);
    const credentials = 'username="1:any:\\"x\\\\"; credential="a+/="; credential-type="password"';
    expect(links).toEqual([
      `<turn:192.0.2.1:3478?transport=udp>; rel="ice-server"; ${credentials}`,
      `<turns:192.0.2.1>; rel="ice-server"; ${credentials}`,
      '<stun:192.0.2.1>; rel="ice-server"',
      '<turn:x;rel=evil>; rel="ice-server"; username="uset-cookie: x"; credential="c"; credential-type="password"',
    ]);
    expect(() => new Headers(links.map(link => ["link", link]))).not.toThrow();
  });
});
