import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../../stun/constants.ts";
import type { TurnServerOptions } from "../server.ts";
import { createHarness, onlyRelay, peerAddress, UDP } from "../testing/harness.ts";
import type { Answer, ClientOptions, TestClient, Write } from "../testing/test-client.ts";
import type { PeerLink, TcpRelayIo } from "./peer-link.ts";

const PEER = "192.0.3.1:4000";
const TCP = 6 << 24;
const LIMITS = { perIdentity: 0, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff };

/** A server whose TCP sockets are functions. */
function createWorld(overrides: Partial<TurnServerOptions> = {}) {
  const attempts: { link: PeerLink; done: (ok: boolean) => void }[] = [];
  const joined: [PeerLink, number][] = [];
  const dropped: PeerLink[] = [];
  const tcp: TcpRelayIo = {
    connect: (link, done) => attempts.push({ link, done: ok => done(ok, harness.now) }),
    join: (link, client) => joined.push([link, client]) > 0,
    drop: link => dropped.push(link),
  };
  const harness = createHarness({ tcp, ...overrides });
  const allocate = (client: TestClient, write?: Write): Answer | undefined =>
    client.request(STUN_METHOD.allocate, to => {
      to.uint32(STUN_ATTRIBUTE.requestedTransport, TCP);
      write?.(to);
    });
  return {
    harness,
    attempts,
    joined,
    dropped,
    allocate,
    events: harness.server.tcp!,
    /** A client over TCP with a TCP relay. */
    owner(options: ClientOptions = {}) {
      const client = harness.client({ kind: "tcp", ...options });
      expect(allocate(client)?.error).toBe(0);
      return client;
    },
    connect: (client: TestClient, peer = PEER) => client.request(STUN_METHOD.connect, to => peerAddress(to, peer)),
    bind: (client: TestClient, id: number) =>
      client.request(STUN_METHOD.connectionBind, to => to.uint32(STUN_ATTRIBUTE.connectionId, id)),
  };
}

describe("a TCP relay", () => {
  it("is for clients over TCP and TLS, and without what is UDP's", () => {
    const { harness, allocate } = createWorld();
    expect(allocate(harness.client({ kind: "tcp" }))).toMatchObject({ error: 0, authentic: true });
    expect(allocate(harness.client({ kind: "tls" }))?.error).toBe(0);
    for (const kind of ["udp", "dtls"] as const) expect(allocate(harness.client({ kind }))?.error).toBe(400);
    const with400: Write[] = [
      to => to.flag(STUN_ATTRIBUTE.dontFragment),
      to => to.data(STUN_ATTRIBUTE.evenPort, Uint8Array.of(0)),
      to => to.data(STUN_ATTRIBUTE.reservationToken, new Uint8Array(8)),
    ];
    for (const write of with400) expect(allocate(harness.client({ kind: "tcp" }), write)?.error).toBe(400);
    expect(allocate(createHarness().client({ kind: "tcp" }))?.error).toBe(442);
  });

  it("has no channels and takes no Send", () => {
    const { harness, owner } = createWorld();
    const client = owner();
    expect(client.bind(0x4000, PEER)?.error).toBe(403);
    expect(client.permit(PEER)?.error).toBe(0);
    client.send(PEER, Uint8Array.of(1));
    expect(harness.sent).toEqual([]);
  });

  it("counts like any other, and ends with its connections", () => {
    const { harness, owner, allocate, attempts, dropped, connect } = createWorld({
      limits: { ...LIMITS, perIdentity: 1 },
    });
    const client = owner();
    expect(allocate(harness.client({ kind: "tcp" }))?.error).toBe(486);
    connect(client);
    attempts[0]!.done(true);
    connect(client, "192.0.3.2:1");
    client.disconnect();
    expect(dropped).toEqual(attempts.map(({ link }) => link));
    expect(harness.server.freePorts(1)).toBe(100);
    // What comes too late is nobody's.
    const before = client.inbox.length;
    attempts[1]!.done(true);
    expect(client.inbox.length).toBe(before);
    expect(allocate(harness.client({ kind: "tcp" }))?.error).toBe(0);
  });
});

describe("Connect", () => {
  it("is answered once the connection is there, with a number for it", () => {
    const { harness, owner, attempts, connect } = createWorld();
    const client = owner();
    expect(connect(client)).toBeUndefined();
    expect(attempts[0]?.link).toMatchObject({ port: 4000, relay: onlyRelay(harness), state: "connecting" });
    expect([...attempts[0]!.link.address]).toEqual([192, 0, 3, 1]);
    attempts[0]!.done(true);
    const answer = client.last();
    expect(answer).toMatchObject({ class: STUN_CLASS.success, method: STUN_METHOD.connect, authentic: true });
    expect(answer?.uint32(STUN_ATTRIBUTE.connectionId)).toBe(attempts[0]!.link.id);
  });

  it("is 447 when it fails or takes longer than 30 seconds", () => {
    const { harness, owner, attempts, dropped, connect } = createWorld();
    const client = owner();
    connect(client);
    attempts[0]!.done(false);
    expect(client.last()).toMatchObject({ error: 447, authentic: true });
    connect(client);
    harness.now += 29_999;
    harness.server.tick(harness.now);
    expect(dropped).toEqual([]);
    harness.now += 1;
    harness.server.tick(harness.now);
    expect(dropped).toEqual([attempts[1]!.link]);
    expect(client.last()?.error).toBe(447);
    const before = client.inbox.length;
    attempts[1]!.done(true);
    expect(client.inbox.length).toBe(before);
  });

  it.each<[string, number, (world: ReturnType<typeof createWorld>) => Answer | undefined]>([
    ["to a peer that no relay may reach", 403, ({ owner, connect }) => connect(owner(), "169.254.169.254:80")],
    ["to port 0", 403, ({ owner, connect }) => connect(owner(), "192.0.3.1:0")],
    ["to a peer of the other family", 443, ({ owner, connect }) => connect(owner(), "[2606:4700::1]:80")],
    ["without a peer", 400, ({ owner }) => owner().request(STUN_METHOD.connect)],
    [
      "twice to one peer",
      446,
      ({ owner, connect }) => {
        const client = owner();
        connect(client);
        return connect(client);
      },
    ],
    ["without an allocation", 437, ({ harness, connect }) => connect(harness.client({ kind: "tcp" }))],
    [
      "with a relay of UDP",
      437,
      ({ harness, connect }) => {
        const client = harness.client({ kind: "tcp" });
        client.request(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP));
        return connect(client);
      },
    ],
    [
      "for the 65th time",
      508,
      ({ owner, connect }) => {
        const client = owner();
        for (let port = 1; port <= 64; port++) connect(client, `192.0.3.1:${port}`);
        return connect(client);
      },
    ],
  ])("%s is %i", (_, code, ask) => {
    expect(ask(createWorld())?.error).toBe(code);
  });
});

describe("ConnectionBind", () => {
  function waiting() {
    const world = createWorld();
    const client = world.owner();
    world.connect(client);
    world.attempts[0]!.done(true);
    return { ...world, client, link: world.attempts[0]!.link };
  }

  it("joins a second connection of the client to the peer's, once", () => {
    const { harness, joined, bind, link } = waiting();
    const second = harness.client({ kind: "tls" });
    expect(bind(second, link.id)).toMatchObject({ error: 0, authentic: true });
    expect(joined).toEqual([[link, second.number]]);
    expect(link.state).toBe("joined");
    expect(bind(harness.client({ kind: "tcp" }), link.id)?.error).toBe(400);
    // A joined link has no deadline of its own.
    harness.now += 60_000;
    harness.server.tick(harness.now);
    expect(link.state).toBe("joined");
  });

  it("is nothing for others, for UDP, for the first connection, nor for numbers that aren't there", () => {
    const { harness, joined, bind, link, client } = waiting();
    expect(bind(harness.client({ kind: "tcp", username: "bob", password: "builder" }), link.id)?.error).toBe(400);
    expect(bind(harness.client({ kind: "udp" }), link.id)?.error).toBe(400);
    expect(bind(client, link.id)?.error).toBe(400);
    expect(bind(harness.client({ kind: "tcp" }), (link.id + 1) >>> 0)?.error).toBe(400);
    expect(harness.client({ kind: "tcp" }).request(STUN_METHOD.connectionBind)?.error).toBe(400);
    const unsigned = harness
      .client({ kind: "tcp" })
      .plain(STUN_METHOD.connectionBind, to => to.uint32(STUN_ATTRIBUTE.connectionId, link.id));
    expect(unsigned?.error).toBe(401);
    expect(joined).toEqual([]);
  });

  it("has 30 seconds", () => {
    const { harness, dropped, bind, link } = waiting();
    harness.now += 30_000;
    harness.server.tick(harness.now);
    expect(dropped).toEqual([link]);
    expect(bind(harness.client({ kind: "tcp" }), link.id)?.error).toBe(400);
  });

  it("is void when the peer has gone", () => {
    const { harness, events, bind, link } = waiting();
    events.closed(link);
    events.closed(link);
    expect(bind(harness.client({ kind: "tcp" }), link.id)?.error).toBe(400);
  });
});

describe("a peer that connects", () => {
  it("is announced to the client if it has a permission, and refused if not", () => {
    const { harness, owner, events, bind, joined } = createWorld();
    const client = owner();
    const relay = onlyRelay(harness);
    expect(events.accepted(relay, "192.0.3.1", 5555, harness.now)).toBeUndefined();
    client.permit(PEER);
    const link = events.accepted(relay, "192.0.3.1", 5555, harness.now);
    const attempt = client.last();
    expect(attempt).toMatchObject({ class: STUN_CLASS.indication, method: STUN_METHOD.connectionAttempt });
    expect(attempt?.address(STUN_ATTRIBUTE.xorPeerAddress)).toBe("192.0.3.1:5555");
    expect(attempt?.uint32(STUN_ATTRIBUTE.connectionId)).toBe(link?.id);
    expect(bind(harness.client({ kind: "tcp" }), link!.id)?.error).toBe(0);
    expect(joined.length).toBe(1);
    harness.now += 300_000;
    expect(events.accepted(relay, "192.0.3.1", 5556, harness.now)).toBeUndefined();
  });

  it("is refused at the ports that its address may not use, and when there are too many", () => {
    const allowance = { family: 1, address: Uint8Array.of(10, 0, 0, 5), kind: "media" as const };
    const policy = { allowances: [{ ...allowance, admits: (port: number) => port === 7000 }] };
    const { harness, owner, events } = createWorld({ policy });
    owner().permit("10.0.0.5:7000", PEER);
    const accept = (address: string, port: number) => events.accepted(onlyRelay(harness), address, port, harness.now);
    expect(accept("10.0.0.5", 22)).toBeUndefined();
    expect(accept("10.0.0.5", 7000)).toBeDefined();
    for (let i = 1; i < 64; i++) expect(accept("192.0.3.1", i)).toBeDefined();
    expect(accept("192.0.3.1", 64)).toBeUndefined();
  });
});

it("bytes over the bandwidth of an allocation make its streams wait, each direction for itself", () => {
  const { harness, owner, events, attempts, connect } = createWorld({ limits: { ...LIMITS, bytesPerSecond: 1_000 } });
  connect(owner());
  attempts[0]!.done(true);
  const { link } = attempts[0]!;
  expect(events.passed(link, true, 900, harness.now)).toBe(true);
  expect(events.passed(link, true, 1_600, harness.now)).toBe(false);
  expect(events.passed(link, false, 1_000, harness.now)).toBe(true);
  expect(events.mayPass(link, true, harness.now + 1_000)).toBe(false);
  expect(events.mayPass(link, true, harness.now + 1_500)).toBe(true);
  expect(harness.server.counters.relayed.tcp).toMatchObject({ bytesUp: 2_500, bytesDown: 1_000 });
});
