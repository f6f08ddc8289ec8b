import { describe, expect, it } from "vitest";
import { MEMBER_GRANTS, type NodeParticipant, type SdesKey } from "../../../src/protocol/index.ts";
import { createFlushList } from "../../forward/flush-list.ts";
import { createRouter } from "../../room/router.ts";
import { createInboundSrtp } from "../../srtp/inbound.ts";
import { createOutboundSrtp } from "../../srtp/outbound.ts";
import { FUZZ_TIMEOUT, fuzz } from "../../testing/fuzz.ts";
import { buildRtp } from "../../testing/model-packets.ts";
import { type Channel, type ChannelReceive, type ChannelSend, createChannel } from "./channel.ts";
import { masterKeyOf } from "./sdes.ts";
import { createModelSocket, type ModelSocket } from "./testing.ts";

const OPUS = { media: "audio", codec: "opus", payloadType: 111 } as const;
const KEY: SdesKey = { suite: "AES_CM_128_HMAC_SHA1_80", key: Buffer.alloc(30, 7).toString("base64") };
const HERE = "192.0.2.1";
const AWAY = "198.51.100.2";

const participantOf = (number: number): NodeParticipant => ({
  pid: `p_${number}`.padEnd(12, "0"),
  number,
  grants: MEMBER_GRANTS,
  sources: [{ number: number * 16, kind: "mic", muted: false }],
});

/** A room with one leg in and one out, and what time it is. */
function world({ receive = {}, send = {} }: { receive?: Partial<ChannelReceive>; send?: Partial<ChannelSend> } = {}) {
  const router = createRouter();
  const flushes = createFlushList();
  let now = 1_790_000_000_000;
  type Ways = { readonly receive?: ChannelReceive; readonly send?: ChannelSend };
  const open = (number: number, ways: Ways): { channel: Channel; rtp: ModelSocket; rtcp: ModelSocket } => {
    const sockets = { rtp: createModelSocket(), rtcp: createModelSocket() };
    const common = { router, flushes, maxBitrate: 1_000_000, stream: OPUS, now };
    const channel = createChannel({ ...common, participant: participantOf(number), sockets, ...ways });
    return { channel, ...sockets };
  };
  const taking = open(1, { receive: { from: undefined, srtp: undefined, ...receive } });
  const giving = open(2, { send: { destination: { address: AWAY, port: 5_004 }, srtp: undefined, ...send } });
  return {
    taking,
    giving,
    get now() {
      return now;
    },
    pass(milliseconds: number): void {
      for (const end = now + milliseconds; now < end; ) {
        now += 20;
        router.tick(now);
        for (const { channel } of [taking, giving]) if (now >= channel.deadline) channel.tick(now);
        flushes.flush(now);
      }
    },
    /** Packets come to the first leg, 20 ms apart unless they are told to come together. */
    come(from: string, packets: readonly Buffer[], together = false): void {
      const path = taking.rtp.pathTo(from, 6_000);
      for (const bytes of packets) {
        taking.channel.receive("rtp", bytes, path, now);
        if (!together) this.pass(20);
      }
      this.pass(20);
    },
  };
}

const speech = (name: string, sequence: number, size = 40): Buffer =>
  buildRtp({
    payloadType: 111,
    sequence,
    timestamp: sequence * 960,
    ssrc: name.length,
    payload: Buffer.from(`\x78${name} ${sequence} `.padEnd(size, "."), "latin1"),
  });
const speeches = (name: string, from: number, count: number): Buffer[] =>
  Array.from({ length: count }, (_, i) => speech(name, from + i));

const heard = ({ rtp }: { rtp: ModelSocket }): string[] =>
  rtp.sent.map(({ bytes }) => /[a-z]+ \d+/.exec(bytes.subarray(17).toString("latin1"))?.[0] ?? "");

describe("plain RTP through a room", () => {
  it("comes out as it came in, at the address that was named, under numbers without a gap", () => {
    const room = world();
    room.come(HERE, speeches("studio", 10, 30));
    expect(heard(room.giving)).toEqual(Array.from({ length: 27 }, (_, i) => `studio ${13 + i}`));
    expect(new Set(room.giving.rtp.sent.map(({ to }) => to))).toEqual(new Set([`${AWAY} 5004`]));
    const numbers = room.giving.rtp.sent.map(({ bytes }) => bytes.readUInt16BE(2));
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0]! + i) & 0xffff));
    expect(room.giving.rtp.sent.every(({ bytes }) => bytes.readUInt32BE(8) === room.giving.channel.ssrc)).toBe(true);
  });

  it("of different sizes in one turn arrives whole", () => {
    const room = world();
    room.come(HERE, speeches("studio", 0, 6));
    const before = room.giving.rtp.sent.length;
    const sizes = [60, 200, 90, 90, 300, 41];
    room.come(
      HERE,
      sizes.map((size, i) => speech("studio", 6 + i, size)),
      true,
    );
    expect(heard(room.giving).slice(before)).toEqual(sizes.map((_, i) => `studio ${6 + i}`));
    expect(room.giving.rtp.sent.slice(before).map(({ bytes }) => bytes.length)).toEqual(sizes.map(size => size + 16));
  });

  it("of strangers is not heard, nor are their reports", () => {
    const room = world();
    room.come(HERE, speeches("studio", 0, 10));
    const { length } = room.giving.rtp.sent;
    room.come(AWAY, speeches("stranger", 0, 50));
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 9]);
    for (const at of ["rtp", "rtcp"] as const) {
      const socket = room.taking[at];
      room.taking.channel.receive(at, report, socket.pathTo(AWAY, 6_001), room.now);
      room.taking.channel.receive(at, Buffer.from("nonsense"), socket.pathTo(AWAY, 6_001), room.now);
      room.taking.channel.receive(at, Buffer.alloc(0), socket.pathTo(AWAY, 6_001), room.now);
    }
    room.pass(2_000);
    expect(room.giving.rtp.sent.length).toBe(length);
    expect([...room.taking.rtp.sent, ...room.taking.rtcp.sent]).toEqual([]);
    room.taking.channel.receive("rtcp", report, room.taking.rtcp.pathTo(HERE, 6_001), room.now);
    room.pass(2_000);
    expect(new Set(room.taking.rtcp.sent.map(({ to }) => to))).toEqual(new Set([`${HERE} 6001`]));
  });
});

describe("whatever comes to a port", () => {
  it(
    "breaks nothing: what makes sense goes on",
    () => {
      const room = world();
      room.come(HERE, speeches("studio", 0, 10));
      const report = Buffer.from([0x80, 200, 0, 6, 0, 0, 0, 6, ...Buffer.alloc(20, 3)]);
      fuzz([speech("studio", 11), report], (bytes, random) => {
        const at = random.chance(0.5) ? "rtp" : "rtcp";
        const path = room.taking[at].pathTo(random.chance(0.5) ? HERE : AWAY, 6_000);
        room.taking.channel.receive(at, bytes, path, room.now);
        if (random.chance(0.001)) room.pass(20);
      });
      room.pass(20);
      room.giving.rtp.sent.length = 0;
      room.come(HERE, speeches("studio", 40_000, 200));
      expect(heard(room.giving).at(-1)).toBe("studio 40199");
    },
    FUZZ_TIMEOUT,
  );
});

describe("SRTP through a room", () => {
  const seal = (key: SdesKey) => {
    const srtp = createOutboundSrtp({ master: masterKeyOf(key) });
    return (packet: Buffer): Buffer => {
      const buffer = Buffer.alloc(packet.length + srtp.rtpOverhead);
      packet.copy(buffer);
      return buffer.subarray(0, srtp.protectRtp(buffer, 0, 12, packet.length - 12));
    };
  };

  it("is heard from its first packet on, and comes out under the other key", () => {
    const other: SdesKey = { suite: "AEAD_AES_128_GCM", key: Buffer.alloc(28, 9).toString("base64") };
    const room = world({ receive: { srtp: KEY }, send: { srtp: other } });
    room.come(HERE, speeches("studio", 0, 10).map(seal(KEY)));
    const opened = createInboundSrtp({ master: masterKeyOf(other) });
    expect(room.giving.rtp.sent).toHaveLength(10);
    for (const [i, { bytes }] of room.giving.rtp.sent.entries()) {
      const length = opened.unprotectRtp(bytes, 0, bytes.length);
      expect(bytes.subarray(17, length).toString("latin1")).toContain(`studio ${i} `);
    }
  });

  it("is not heard without the key, in clear, or a second time from elsewhere", () => {
    const room = world({ receive: { srtp: KEY } });
    const wrong: SdesKey = { ...KEY, key: Buffer.alloc(30, 8).toString("base64") };
    room.come(AWAY, speeches("stranger", 0, 10).map(seal(wrong)));
    room.come(AWAY, speeches("stranger", 0, 10));
    expect(heard(room.giving)).toEqual([]);
    const sealed = speeches("studio", 0, 10).map(seal(KEY));
    room.come(HERE, sealed);
    room.come(AWAY, sealed);
    expect(heard(room.giving)).toHaveLength(10);
  });

  it("has keys of the suite's length", () => {
    for (const suite of ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"] as const) {
      expect(() => masterKeyOf({ suite, key: Buffer.alloc(29).toString("base64") })).toThrowError(
        expect.objectContaining({ code: "bad-request" }),
      );
    }
  });
});
