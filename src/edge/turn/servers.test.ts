import { afterEach, describe, expect, it, vi } from "vitest";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import type { IceServer } from "../../protocol/model.ts";
import type { Region } from "../../protocol/names.ts";
import { TURN_SECRET } from "../testing/bindings.ts";
import { askApi, type Frame, type Joined, join, resume, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import { pass, ring } from "../testing/time.ts";

const fleet = createTestFleet("servers");
afterEach(async () => {
  vi.useRealTimers();
  await fleet.clear();
});

const STATIC = { urls: ["stun:stun.example:3478"] };
const urlsOf = (host: string): string[] => [
  `turn:${host}:3478?transport=udp`,
  `turn:${host}:3478?transport=tcp`,
  `turns:${host}:5349?transport=tcp`,
];

const hmac = async (hash: string, secret: string, text: string): Promise<Uint8Array> => {
  const bytes = (value: string) => new TextEncoder().encode(value);
  const key = await crypto.subtle.importKey("raw", bytes(secret), { name: "HMAC", hash }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(text)));
};
const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const base64url = (bytes: Uint8Array): string =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** The password that a node with that secret expects, by another implementation than ours. */
const passwordOf = async (secret: string, username = ""): Promise<string> =>
  base64(await hmac("SHA-1", secret, username));

const relays = (servers: readonly IceServer[]): IceServer[] => servers.filter(({ username }) => username);
const hosts = (servers: readonly IceServer[]): unknown[] => servers.map(({ urls }) => urls[0]?.split(":")[1]);

/** A room whose people are supposed to be there. */
async function roomIn(region: Region): Promise<string> {
  const name = uniqueRoom();
  await askApi("POST", "/v1/rooms", { name, region });
  return name;
}

/** The first of a room of three, carried by a node. */
async function carried(room: string): Promise<Joined> {
  const first = await join(room, "ada");
  for (const identity of ["bob", "cyd"]) await join(room, identity);
  await ring(room);
  await first.next((frame: Frame) => frame.type === "topology.changed" && frame.topology.current === "sfu");
  return first;
}

describe("a node", () => {
  it("learns secrets of its own, the current one first, and never the deployment's", async () => {
    const [one, other] = [await fleet.link({ turn: urlsOf("192.0.2.1") }), await fleet.link()];
    const { secrets } = one.welcome.turn;
    expect(secrets).toHaveLength(2);
    expect(secrets[0]).toBe(base64url(await hmac("SHA-256", TURN_SECRET, `tandem-turn:${one.id}`)));
    expect(other.welcome.turn.secrets[0]).not.toBe(secrets[0]);
    expect(JSON.stringify(one.welcome)).not.toContain(TURN_SECRET);
  });
});

describe("the welcome", () => {
  it("lists a node's URLs, udp, tcp, tls, with credentials that the node takes, before the deployment's own servers", async () => {
    const urls = urlsOf("192.0.2.1");
    const node = await fleet.link({ turn: [...urls].reverse() });
    const { welcome } = await join(uniqueRoom(), "ada");
    const [server, ...rest] = welcome.iceServers;
    expect(rest).toEqual([STATIC]);
    expect(server?.urls).toEqual(urls);
    const [until, scope, id, ...more] = server?.username?.split(":") ?? [];
    expect(more).toEqual([]);
    expect(Number(until) * 1_000 - Date.now()).toBeGreaterThan(590_000);
    expect(Number(until) * 1_000 - Date.now()).toBeLessThanOrEqual(601_000);
    expect(welcome.iceServersTtl).toBe(600_000);
    expect(scope).toBe("any");
    expect(id).toMatch(/^[\w-]{16}$/);
    expect(server?.credential).toBe(await passwordOf(node.welcome.turn.secrets[0], server?.username));
  });

  it("gives each participant an id of its own, which tells nothing of it and stays when it resumes", async () => {
    await fleet.link({ turn: urlsOf("192.0.2.1") });
    const room = uniqueRoom();
    const [ada, bob] = [await join(room, "ada"), await join(room, "bob")];
    const idOf = ({ welcome }: Joined) => relays(welcome.iceServers)[0]?.username?.split(":")[2];
    expect(idOf(ada)).not.toBe(idOf(bob));
    expect(idOf(ada)).not.toContain("ada");
    expect(idOf(ada)).not.toBe(ada.pid);
    ada.close();
    expect(idOf(await resume(ada))).toBe(idOf(ada));
  });

  it("lets relays reach browsers only where a mesh is possible", async () => {
    await fleet.link({ turn: urlsOf("192.0.2.1") });
    const room = uniqueRoom();
    const host = await join(room, "ada");
    const guest = await join(room, "bob", { grants: { ...MEMBER_GRANTS, data: false } });
    const scope = ({ welcome }: Joined) => relays(welcome.iceServers)[0]?.username?.split(":")[1];
    expect(scope(host)).toBe("any");
    expect(scope(guest)).toBe("media");
  });

  it("names two nodes at most, of those that take newcomers, and none that relays nothing", async () => {
    await fleet.link();
    const draining = await fleet.link({ turn: urlsOf("192.0.2.9") });
    draining.send({ type: "load", load: 0, rooms: 0, sessions: 0, draining: true });
    for (const [host, region] of [
      ["192.0.2.3", "weur"],
      ["192.0.2.2", "apac"],
      ["192.0.2.1", "oc"],
    ] as const)
      await fleet.link({ turn: urlsOf(host), region });
    const gone = await fleet.link({ turn: urlsOf("192.0.2.8") });
    await fleet.unlink(gone);
    await vi.waitFor(async () => {
      const { welcome } = await join(await roomIn("oc"), "ada");
      expect(hosts(relays(welcome.iceServers))).toEqual(["192.0.2.1", "192.0.2.2"]);
    });
  });

  it("lists what the deployment has where no node relays", async () => {
    await fleet.link();
    const { welcome } = await join(uniqueRoom(), "ada");
    expect(welcome.iceServers).toEqual([STATIC]);
    expect(welcome).not.toHaveProperty("iceServersTtl");
  });
});

describe("in a room that a node carries", () => {
  it("its media worker comes first, the same node's other doors behind it, then one more node", async () => {
    const worker = ["turn:192.0.2.1:7001?transport=udp", "turn:192.0.2.1:7001?transport=tcp"];
    const node = await fleet.link({ turn: urlsOf("192.0.2.1"), roomTurn: worker });
    const room = await roomIn("oc");
    const ada = await carried(room);
    await fleet.link({ turn: urlsOf("192.0.2.3"), region: "weur" });
    await fleet.link({ turn: urlsOf("192.0.2.2"), region: "oc" });
    pass(10_000);
    const { result } = await ada.ask("ice.servers");
    const [here, other, ...rest] = result.iceServers as IceServer[];
    const [udp, tcp, tls] = urlsOf("192.0.2.1");
    expect(here?.urls).toEqual([worker[0], udp, worker[1], tcp, tls]);
    expect(here?.credential).toBe(await passwordOf(node.welcome.turn.secrets[0], here?.username));
    expect(hosts(other ? [other] : [])).toEqual(["192.0.2.2"]);
    expect(rest).toEqual([STATIC]);
    expect(result.iceServersTtl).toBe(600_000);
    const late = await join(room, "dan");
    expect(late.welcome.iceServers[0]?.urls).toEqual(here?.urls);
    // Else it would go on to the next node that any test links.
    await askApi("DELETE", `/v1/rooms/${room}`);
  });

  it("asking again brings credentials that last longer, under the same id, for the same nodes", async () => {
    await fleet.link({ turn: urlsOf("192.0.2.1") });
    const ada = await join(uniqueRoom(), "ada");
    await fleet.link({ turn: urlsOf("192.0.2.2") });
    await fleet.link({ turn: urlsOf("192.0.2.0") });
    pass(480_000);
    const { result } = await ada.ask("ice.servers");
    const [before, after] = [relays(ada.welcome.iceServers), relays(result.iceServers)];
    expect(hosts(after)[0]).toBe("192.0.2.1");
    const [untilBefore, untilAfter] = [before, after].map(list => Number(list[0]?.username?.split(":")[0]));
    expect((untilAfter ?? 0) - (untilBefore ?? 0)).toBeGreaterThanOrEqual(480);
    expect(after[0]?.username?.split(":")[2]).toBe(before[0]?.username?.split(":")[2]);
  });
});
