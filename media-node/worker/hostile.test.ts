import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT, fuzz } from "../testing/fuzz.ts";
import { buildRtp } from "../testing/model-packets.ts";
import type { ModelClient } from "./testing/model-client.ts";
import { OFFERED } from "./testing/model-offer.ts";
import { addressOf, createWorld, participantOf, pidOf, type World } from "./testing/model-world.ts";

const STRANGER = "203.0.113.66";

/** Two who talk, and whether what the one sends still reaches the other. */
async function neighbours() {
  const world = createWorld();
  await world.command({ type: "room.open", participants: [] });
  const [a, b] = [await world.join(1), await world.join(2)];
  let sequence = 0;
  const talk = (milliseconds = 400): void =>
    world.run(milliseconds, () => {
      a.sendAudio(sequence);
      a.sendVideo(sequence, sequence % 10 === 0);
      sequence++;
    });
  talk();
  const unharmed = (): void => {
    world.run(5);
    const before = b.packets.length;
    talk();
    world.run(5);
    expect(b.packets.length - before).toBe(40);
    expect(b.broken).toBe(0);
    expect(world.errors).toEqual([]);
    expect(world.port.held).toBe(2);
    expect(world.reports.map(({ state }) => state)).toEqual(["connected", "connected"]);
  };
  return { world, a, b, talk, unharmed };
}

/** Of a packet as it claims, so that protecting it treats the lie as the receiver will. */
const headerLength = (packet: Buffer): number => 16 + packet.readUInt16BE(14) * 4;

function changed(bytes: Uint8Array, at: number, to = bytes[at]! ^ 1): Uint8Array {
  const copy = new Uint8Array(bytes);
  copy[at] = to;
  return copy;
}

/** Sends it and says by how much counters rose. */
function countOf(world: World, names: readonly string[], act: () => void): number[] {
  const before = names.map(world.count);
  act();
  world.run(10);
  return names.map((name, i) => world.count(name) - before[i]!);
}

describe("strangers at the open port", () => {
  it("are dropped and counted whatever they send, and keep no state", { timeout: FUZZ_TIMEOUT }, async () => {
    const { world, a, unharmed } = await neighbours();
    const paths = Array.from({ length: 50 }, (_, i) => world.port.pathOf(STRANGER, 1_000 + i));
    const plain = Buffer.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    fuzz([plain, a.lastSent("dtls"), a.lastSent("rtp")], (bytes, random) => {
      world.worker.receive(bytes, paths[random.integer(0, paths.length - 1)]!, world.now);
    });
    const drops = ["packet.unknown", "packet.stranger", "stun.malformed", "stun.unknown"].map(world.count);
    expect(drops.reduce((sum, count) => sum + count)).toBe(FUZZ_RUNS);
    unharmed();
  });

  it("gain nothing by a peer's address either", { timeout: FUZZ_TIMEOUT }, async () => {
    const { world, a, unharmed } = await neighbours();
    const samples = [a.lastSent("stun"), a.lastSent("dtls"), a.lastSent("rtp")];
    const path = world.port.pathOf(addressOf(1), 5_000);
    fuzz(samples, bytes => world.worker.receive(bytes, path, world.now));
    world.port.flush();
    unharmed();
  });

  it("can't use STUN without ufrag and password", async () => {
    const { world, a, unharmed } = await neighbours();
    const check = a.lastSent("stun");
    const attacks: [string, Uint8Array][] = [
      ["stun.malformed", check.subarray(0, check.length - 1)],
      ["stun.malformed", check.subarray(0, 20)],
      ["stun.malformed", Buffer.concat([check, new Uint8Array(4)])],
      ["stun.malformed", changed(check, 3)],
      ["stun.unknown", changed(check, 26)],
      ["stun.malformed", changed(check, check.length - 1)],
    ];
    for (const [counter, bytes] of attacks) {
      const sent = world.port.counters.sent;
      expect(countOf(world, [counter], () => world.inject(bytes, STRANGER))).toEqual([1]);
      expect(world.port.counters.sent - sent).toBeLessThan(3);
    }
    unharmed();
  });

  it("can't aim media at somebody by a check that they replay from there", async () => {
    const { world, b, talk, unharmed } = await neighbours();
    const check = b.lastSent("stun");
    for (let i = 0; i < 20; i++) {
      world.inject(check, STRANGER);
      talk(100);
    }
    expect(world.port.held).toBe(3);
    expect(world.port.sentTo(STRANGER)).toBeLessThan(3 * 20 * check.length);
    talk(31_000);
    unharmed();
  });

  it("can't speak DTLS", async () => {
    const { world, a, unharmed } = await neighbours();
    const record = a.lastSent("dtls");
    expect(countOf(world, ["packet.stranger"], () => world.inject(record, STRANGER))).toEqual([1]);
    const alert = Uint8Array.of(21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40);
    const hello = Uint8Array.of(22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 10, 0, 1, 1);
    const forged = (): void => {
      world.inject(alert, addressOf(1));
      world.inject(hello, addressOf(1));
    };
    expect(countOf(world, ["dtls.plaintext"], forged)).toEqual([2]);
    unharmed();
  });

  it("can't replay or tamper with SRTP and SRTCP, from the peer's address either", async () => {
    const { world, a, unharmed } = await neighbours();
    for (const [kind, part] of [
      ["rtp", "rtp"],
      ["rtcp", "rtcp"],
    ] as const) {
      if (kind === "rtcp") a.sendRtcp(Uint8Array.of(0x80, 201, 0, 1, 0, 0, 3, 232));
      world.run(10);
      const packet = a.lastSent(kind);
      expect(countOf(world, ["srtp-in.replayed"], () => world.inject(packet, addressOf(1)))).toEqual([1]);
      const tampered = changed(packet, packet.length - 1);
      const names = ["srtp-in.unauthentic", "srtp-in.replayed"];
      const [unauthentic, replayed] = countOf(world, names, () => world.inject(tampered, addressOf(1)));
      expect(unauthentic! + replayed!, part).toBe(1);
      expect(countOf(world, ["packet.stranger"], () => world.inject(packet, STRANGER))).toEqual([1]);
    }
    const fresh = changed(a.lastSent("rtp"), 3, 250);
    expect(countOf(world, ["srtp-in.unauthentic"], () => world.inject(fresh, addressOf(1)))).toEqual([1]);
    unharmed();
  });
});

describe("a participant that is hostile itself", () => {
  /** A packet of the camera with some bytes changed. */
  const lie = (sequence: number, changes: readonly (readonly [at: number, to: number])[]): Buffer => {
    const packet = buildRtp({
      payloadType: OFFERED.vp8,
      sequence,
      timestamp: 1,
      ssrc: 2_000,
      extensions: [[OFFERED.mid, Buffer.from("1")]],
      payload: Buffer.alloc(20, 0x10),
    });
    for (const [at, to] of changes) packet[at < 0 ? packet.length + at : at] = to;
    return packet;
  };

  it("gains nothing by RTP whose lengths lie", async () => {
    const { world, b, talk, unharmed } = await neighbours();
    talk();
    const names = ["rtp.malformed", "rtp.unknownStream", "rtp.unknownPayloadType"];
    const [padded, extended] = [0xb0, 16];
    const attacks: [string, [number, number][]][] = [
      ["rtp.malformed", [[extended, (OFFERED.mid << 4) | 15]]],
      [
        "rtp.malformed",
        [
          [0, padded],
          [-1, 255],
        ],
      ],
      [
        "rtp.malformed",
        [
          [0, padded],
          [-1, 0],
        ],
      ],
      ["rtp.unknownPayloadType", [[1, 50]]],
    ];
    for (const [i, [counter, changes]] of attacks.entries()) {
      const packet = lie(9_000 + i, changes);
      const rose = countOf(world, names, () => b.sendRaw(packet, headerLength(packet)));
      expect(rose[names.indexOf(counter)], `${counter} ${i}`).toBe(1);
    }
    unharmed();
  });

  it("can't grow state by ever new streams", async () => {
    const { world, b, unharmed } = await neighbours();
    for (let i = 0; i < 300; i++) {
      b.sendRtp("0", {
        payloadType: OFFERED.opus,
        sequence: i,
        timestamp: 0,
        ssrc: 50_000 + i,
        payload: Buffer.from("x"),
      });
      if (i % 20 === 0) world.run(5);
    }
    world.run(20);
    expect(world.count("srtp-in.tooManyStreams") + world.count("rtp.tooManyStreams")).toBeGreaterThan(100);
    unharmed();
  });

  it("harms nobody by RTCP of any content", { timeout: FUZZ_TIMEOUT }, async () => {
    const { world, b, unharmed } = await neighbours();
    const header = fc.tuple(fc.integer({ min: 0x80, max: 0xbf }), fc.integer({ min: 192, max: 210 }));
    const body = fc.uint8Array({ minLength: 6, maxLength: 120 });
    fc.assert(
      fc.property(header, body, ([first, type], rest) => {
        b.sendRtcp(Uint8Array.of(first, type, ...rest));
        world.run(5);
      }),
      { numRuns: Math.min(Math.ceil(FUZZ_RUNS / 60), 5_000) },
    );
    expect(world.count("rtcp.malformed")).toBeGreaterThan(0);
    unharmed();
  });

  it("harms nobody by data channel messages of any content", async () => {
    const { world, b, unharmed } = await neighbours();
    for (const text of ["", "{", "null", "[]", '{"type":1}', '{"type":"wishes","videos":[{}]}', "x".repeat(40_000)]) {
      b.sendMessage(text);
      world.run(100);
    }
    expect(world.count("data.malformed")).toBeGreaterThanOrEqual(6);
    for (let i = 0; i < 200; i++) b.sendMessage({ type: "wishes", videos: null });
    world.run(300);
    expect(world.count("data.limited")).toBeGreaterThan(100);
    unharmed();
  });

  it("slows nobody by being dead", async () => {
    const { world, a, b } = await neighbours();
    const c = await world.join(3);
    c.freeze(true);
    let sequence = 1_000;
    world.run(5);
    const before = b.packets.length;
    world.run(2_000, () => a.sendAudio(sequence++));
    world.run(5);
    expect(b.packets.length - before).toBe(100);
  });

  it("with another certificate than its offer's doesn't connect", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    await world.command({ type: "participant.put", participant: participantOf(1) });
    const client: ModelClient = world.client(1);
    const offer = client.offer();
    const sdp = offer.sdp.replace(/a=fingerprint:sha-256 ../, "a=fingerprint:sha-256 00");
    const { answer } = await world.command({ type: "session.open", pid: pidOf(1), offer: { ...offer, sdp } });
    client.accept(answer!.sdp);
    world.run(2_000);
    expect(client.connected).toBe(false);
    expect(world.count("session.dtls-failed")).toBe(1);
    expect(world.reports.map(({ state }) => state)).toEqual(["closed"]);
  });
});
