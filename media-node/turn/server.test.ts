import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_FAMILY, STUN_METHOD } from "../stun/constants.ts";
import { createHarness, onlyRelay, peerAddress, RELAY_IPV4, RELAY_IPV6, UDP } from "./testing/harness.ts";

const PEER = "192.0.3.1:4000";
const HELLO = Uint8Array.of(1, 2, 3, 4, 5);

describe("an allocation", () => {
  it("is granted after one challenge, with its addresses and lifetime, signed", () => {
    const harness = createHarness();
    const client = harness.client();
    const answer = client.allocate();
    expect(answer).toMatchObject({ class: STUN_CLASS.success, error: 0, authentic: true });
    expect(answer?.address(STUN_ATTRIBUTE.xorRelayedAddress)).toBe(`${RELAY_IPV4}:${onlyRelay(harness).port}`);
    expect(answer?.address(STUN_ATTRIBUTE.xorMappedAddress)).toBe("192.0.2.9:1024");
    expect(answer?.uint32(STUN_ATTRIBUTE.lifetime)).toBe(600);
  });

  it("is answered alike when the request comes again, and not made twice", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    const transaction = new Uint8Array(12).fill(7);
    const other = harness.client();
    other.nonce = "";
    const ask = () =>
      other.request(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP), { transaction });
    const first = ask();
    expect(ask()?.bytes).toEqual(first?.bytes);
    expect(harness.server.allocations).toBe(2);
    expect(other.allocate()?.error).toBe(437);
  });

  it.each([
    ["without a transport", {}, 400],
    ["over TCP to peers", { transport: 6 << 24 }, 442],
    ["of an unknown family", { transport: UDP, family: 9 << 24 }, 440],
  ])("is refused %s", (_, { transport, family }: { transport?: number; family?: number }, code) => {
    const answer = createHarness()
      .client()
      .request(STUN_METHOD.allocate, to => {
        if (transport !== undefined) to.uint32(STUN_ATTRIBUTE.requestedTransport, transport);
        if (family !== undefined) to.uint32(STUN_ATTRIBUTE.requestedAddressFamily, family);
      });
    expect(answer?.error).toBe(code);
  });

  it("is IPv6 where that is asked for, and both where both are", () => {
    const harness = createHarness();
    const six = harness.client().allocate(to => to.uint32(STUN_ATTRIBUTE.requestedAddressFamily, 2 << 24));
    expect(six?.address(STUN_ATTRIBUTE.xorRelayedAddress)).toContain(RELAY_IPV6);
    const client = harness.client();
    const both = client.allocate(to => to.uint32(STUN_ATTRIBUTE.additionalAddressFamily, 2 << 24));
    expect(both?.address(STUN_ATTRIBUTE.xorRelayedAddress, 0)).toContain(RELAY_IPV4);
    expect(both?.address(STUN_ATTRIBUTE.xorRelayedAddress, 1)).toContain(RELAY_IPV6);
    const drop = client.request(STUN_METHOD.refresh, to => {
      to.uint32(STUN_ATTRIBUTE.lifetime, 0);
      to.uint32(STUN_ATTRIBUTE.requestedAddressFamily, 2 << 24);
    });
    expect(drop?.error).toBe(0);
    expect(harness.server.allocations).toBe(2);
    expect(client.permit("[2606:4700::1]:1")?.error).toBe(443);
    expect(client.permit(PEER)?.error).toBe(0);
  });

  it("is of both families for clients that use the draft's number, as turnutils_uclient does", () => {
    const harness = createHarness();
    expect(harness.client().allocate(to => to.uint32(0x8032, 2 << 24))?.error).toBe(0);
    expect(harness.open.size).toBe(2);
  });

  it("names the family that it could not get beside the one that it got", () => {
    const harness = createHarness({
      relayAddresses: [
        { family: STUN_FAMILY.ipv4, local: Uint8Array.of(198, 51, 100, 7), announced: Uint8Array.of(198, 51, 100, 7) },
      ],
    });
    const answer = harness.client().allocate(to => to.uint32(STUN_ATTRIBUTE.additionalAddressFamily, 2 << 24));
    expect(answer?.error).toBe(0);
    expect(answer?.uint32(STUN_ATTRIBUTE.addressErrorCode)).toBe((2 << 24) | (4 << 8) | 40);
  });

  it("keeps the odd port beside an even one for whoever has the token", () => {
    const harness = createHarness();
    const even = harness.client().allocate(to => to.data(STUN_ATTRIBUTE.evenPort, Uint8Array.of(0x80)));
    const { port } = onlyRelay(harness);
    expect(port % 2).toBe(0);
    const at = even!.message.bytes.indexOf(0x22, 20);
    const token = even!.bytes.slice(at + 3, at + 11);
    const claim = (to: Parameters<Parameters<ReturnType<typeof harness.client>["allocate"]>[0] & object>[0]) =>
      to.data(STUN_ATTRIBUTE.reservationToken, token);
    const stranger = harness.client({ username: "bob", password: "builder" });
    expect(stranger.allocate(claim)?.error).toBe(508);
    const second = harness.client().allocate(claim);
    expect(second?.address(STUN_ATTRIBUTE.xorRelayedAddress)).toBe(`${RELAY_IPV4}:${port + 1}`);
    expect(harness.client().allocate(claim)?.error).toBe(508);
  });

  it("moves on where a stranger holds its port, and is refused when every port is gone", () => {
    const harness = createHarness({ ports: [50_000, 50_003] });
    for (const port of [50_000, 50_001, 50_002]) harness.strangers.add(port);
    const results = [harness.client(), harness.client()].map(client => client.allocate()?.error);
    // Random ports: the only free one is found within the tries, or the answer is 508; never two of them.
    expect(results.filter(error => error === 0).length).toBeLessThanOrEqual(1);
    expect(harness.server.freePorts(STUN_FAMILY.ipv4)).toBe(4 - harness.server.allocations);
  });

  it("ends when it isn't refreshed, at a Refresh of 0, and after a day whatever happens", () => {
    const harness = createHarness();
    const idle = harness.client();
    idle.allocate();
    const asked = harness.client();
    asked.allocate();
    expect(asked.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 0))?.error).toBe(0);
    expect(harness.records.map(({ reason }) => reason)).toEqual(["released"]);
    harness.now += 599_000;
    harness.server.tick(harness.now);
    expect(harness.server.allocations).toBe(1);
    harness.now += 1_000;
    harness.server.tick(harness.now);
    expect(harness.records.map(({ reason }) => reason)).toEqual(["released", "expired"]);

    const eternal = harness.client();
    eternal.allocate(to => to.uint32(STUN_ATTRIBUTE.lifetime, 3600));
    const from = harness.now;
    while (harness.server.allocations > 0 && harness.now - from < 2 * 86_400_000) {
      harness.now += 1_000_000;
      let answer = eternal.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 3600));
      if (answer?.error === 438) {
        eternal.nonce = answer.text(STUN_ATTRIBUTE.nonce) ?? "";
        answer = eternal.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 3600));
      }
    }
    expect(harness.now - from).toBeGreaterThanOrEqual(86_400_000 - 1_000_000);
    expect(harness.now - from).toBeLessThanOrEqual(86_400_000 + 1_000_000);
    expect(harness.open.size).toBe(0);
  });
});

describe("payloads", () => {
  it("go to a permitted peer by Send, and come back as Data", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    expect(client.permit(PEER)?.error).toBe(0);
    client.send(PEER, HELLO);
    expect(harness.sent).toMatchObject([{ to: PEER, bytes: HELLO, unfragmented: false }]);
    client.send(PEER, HELLO, to => to.flag(STUN_ATTRIBUTE.dontFragment));
    expect(harness.sent[1]?.unfragmented).toBe(true);
    harness.peer(onlyRelay(harness), "192.0.3.1", 4001, HELLO);
    const data = client.last();
    expect(data).toMatchObject({ class: STUN_CLASS.indication, method: STUN_METHOD.data });
    expect(data?.address(STUN_ATTRIBUTE.xorPeerAddress)).toBe("192.0.3.1:4001");
    expect([...data!.bytes.slice(-8)]).toEqual([...HELLO, 0, 0, 0]);
  });

  it("go and come over a channel, padded on streams only", () => {
    for (const kind of ["udp", "tcp"] as const) {
      const harness = createHarness();
      const client = harness.client({ kind });
      client.allocate();
      expect(client.bind(0x4000, PEER)?.error).toBe(0);
      client.channelData(0x4000, HELLO);
      expect(harness.sent).toMatchObject([{ to: PEER, bytes: HELLO }]);
      harness.peer(onlyRelay(harness), "192.0.3.1", 4000, HELLO);
      const padding = kind === "tcp" ? [0, 0, 0] : [];
      expect([...client.inbox.at(-1)!]).toEqual([0x40, 0, 0, 5, ...HELLO, ...padding]);
      // The channel is one port's; another port of a permitted address comes as Data.
      harness.peer(onlyRelay(harness), "192.0.3.1", 4001, HELLO);
      expect(client.last()?.method).toBe(STUN_METHOD.data);
    }
  });

  it("of every length from 0 to the longest pass", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    client.bind(0x4000, PEER);
    for (const length of [0, 1, 3, 4, 1200, 65_507]) {
      client.channelData(0x4000, new Uint8Array(length).fill(9));
      expect(harness.sent.at(-1)?.bytes.length).toBe(length);
    }
  });

  it("are translated between announced and local addresses", () => {
    const local = Uint8Array.of(10, 0, 0, 5);
    const harness = createHarness({
      announced: [{ local, announced: Uint8Array.of(203, 0, 112, 5) }],
      policy: { allowances: [{ family: 1, address: local, kind: "media", admits: port => port === 7000 }] },
    });
    const client = harness.client();
    client.allocate();
    expect(client.bind(0x4000, "203.0.112.5:7000")?.error).toBe(0);
    client.channelData(0x4000, HELLO);
    expect(harness.sent[0]?.to).toBe("10.0.0.5:7000");
    expect(client.bind(0x4001, "203.0.112.5:22")?.error).toBe(403);
    expect(client.bind(0x4001, "10.0.0.5:7001")?.error).toBe(403);
    harness.peer(onlyRelay(harness), "10.0.0.5", 7000, HELLO);
    expect([...client.inbox.at(-1)!]).toEqual([0x40, 0, 0, 5, ...HELLO]);
    // A permission of the address isn't one of its other ports.
    expect(client.permit("203.0.112.5:22")?.error).toBe(0);
    client.send("203.0.112.5:22", HELLO);
    expect(harness.sent.length).toBe(1);
    const before = client.inbox.length;
    harness.peer(onlyRelay(harness), "10.0.0.5", 22, HELLO);
    expect(client.inbox.length).toBe(before);
  });

  it("are handed to a peer of the same worker without a socket", () => {
    const delivered: number[] = [];
    const harness = createHarness({
      policy: { allowances: [{ family: 1, address: Uint8Array.of(10, 0, 0, 5), kind: "media", admits: () => true }] },
      local: {
        find: (address, _family, port) => (address[0] === 10 && port === 7000 ? 3 : -1),
        deliver: (peer, _relay, bytes, offset, length) => delivered.push(peer, ...bytes.slice(offset, offset + length)),
        closed() {},
      },
    });
    const client = harness.client();
    client.allocate();
    client.bind(0x4000, "10.0.0.5:7000");
    client.channelData(0x4000, HELLO);
    client.send("10.0.0.5:7000", HELLO);
    expect(delivered).toEqual([3, ...HELLO, 3, ...HELLO]);
    expect(harness.sent).toEqual([]);
  });
});

describe("channels", () => {
  it("keep number and peer together", () => {
    const client = createHarness().client();
    client.allocate();
    expect(client.bind(0x4000, PEER)?.error).toBe(0);
    expect(client.bind(0x4000, PEER)?.error).toBe(0);
    expect(client.bind(0x4000, "192.0.3.2:4000")?.error).toBe(400);
    expect(client.bind(0x4001, PEER)?.error).toBe(400);
    expect(client.bind(0x4001, "192.0.3.1:4001")?.error).toBe(0);
  });

  it("have numbers from 0x4000 to 0x4FFF, and to 0x7FFF where old clients are served", () => {
    for (const [maxChannel, code] of [
      [0x4fff, 400],
      [0x7fff, 0],
    ] as const) {
      const client = createHarness({ limits: { perIdentity: 0, total: 0, bytesPerSecond: 0, maxChannel } }).client();
      client.allocate();
      expect(client.bind(0x3fff, PEER)?.error).toBe(400);
      expect(client.bind(0x4fff, PEER)?.error).toBe(0);
      expect(client.bind(0x7fff, "192.0.3.2:1")?.error).toBe(code);
      expect(client.bind(0x8000, "192.0.3.3:1")?.error).toBe(400);
    }
  });

  it("die after ten minutes, permissions after five", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate(to => to.uint32(STUN_ATTRIBUTE.lifetime, 3600));
    client.bind(0x4000, PEER);
    const passes = (): boolean => {
      const before = harness.sent.length;
      client.channelData(0x4000, HELLO);
      return harness.sent.length > before;
    };
    harness.now += 299_999;
    expect(passes()).toBe(true);
    harness.now += 1;
    expect(passes()).toBe(false);
    client.permit(PEER);
    expect(passes()).toBe(true);
    harness.now += 299_999;
    harness.server.tick(harness.now);
    expect(passes()).toBe(true);
    harness.now += 1;
    client.nonce = "";
    client.permit(PEER);
    expect(passes()).toBe(false);
    harness.server.tick(harness.now);
    expect(client.bind(0x4000, "192.0.3.2:4000")?.error).toBe(0);
  });
});

it("a Binding request is answered with the address it came from", () => {
  const answer = createHarness().client().plain(STUN_METHOD.binding);
  expect(answer?.address(STUN_ATTRIBUTE.xorMappedAddress)).toBe("192.0.2.9:1024");
  expect(answer?.length).toBe(32);
});

it("a permission request names all of its peers or none is installed", () => {
  const harness = createHarness();
  const client = harness.client();
  client.allocate();
  expect(client.permit(PEER, "10.0.0.1:1")?.error).toBe(403);
  client.send(PEER, HELLO);
  expect(harness.sent).toEqual([]);
  expect(client.request(STUN_METHOD.createPermission)?.error).toBe(400);
  expect(client.request(STUN_METHOD.channelBind, to => peerAddress(to, PEER))?.error).toBe(400);
});
