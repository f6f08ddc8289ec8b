import { describe, expect, it } from "vitest";
import { MEMBER_GRANTS, type NodeParticipant } from "../../../src/protocol/index.ts";
import { createFlushList } from "../../forward/flush-list.ts";
import { createRouter } from "../../room/router.ts";
import { createTally } from "../../session/tally.ts";
import { buildRtp } from "../../testing/model-packets.ts";
import type { OpenPair } from "../rtp/leg.ts";
import { createModelSocket } from "../rtp/testing.ts";
import type { LegVideoAgreement } from "./orders.ts";
import { createLegVideo } from "./video.ts";

const CODECS = {
  // A key picture: of one packet, in VP8's shortest descriptor; an IDR slice after its parameter sets.
  vp8: { payload: Buffer.from([0x10, 0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00, 0x00]), type: 96 },
  h264: { payload: Buffer.from([0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 2, 0x68, 0xce, 0, 2, 0x65, 0x88]), type: 99 },
} as const;
type Codec = keyof typeof CODECS;

/** Whether a compound asks for a key picture. */
function isPli(bytes: Buffer): boolean {
  for (let at = 0; at + 4 <= bytes.length; at += 4 * (bytes.readUInt16BE(at + 2) + 1)) {
    if (bytes[at + 1] === 206 && (bytes[at]! & 0x1f) === 1) return true;
  }
  return false;
}

/** Two room systems in a room. */
function world(codecs: readonly [Codec, Codec]) {
  const router = createRouter();
  const flushes = createFlushList();
  const past = createTally();
  let now = 1_790_000_000_000;
  const systems = codecs.map((codec, index) => {
    const number = index + 1;
    const address = `192.0.2.${number}`;
    const [rtp, rtcp] = [createModelSocket(), createModelSocket()];
    let receive: Parameters<OpenPair["listen"]>[0] = () => {};
    let closed = false;
    const video = createLegVideo(
      {
        ...{ port: 40_000, rtp, rtcp },
        listen(to) {
          receive = to;
        },
        close() {
          closed = true;
        },
      },
      past,
    );
    const agreement: LegVideoAgreement = {
      ...{ address, port: 5_002, from: [address], codec, payloadType: CODECS[codec].type, sends: true, receives: true },
    };
    const participant: NodeParticipant = {
      pid: `p_${number}`.padEnd(12, "0"),
      number,
      grants: MEMBER_GRANTS,
      sources: [{ number: number * 16 + 1, kind: "camera", muted: false }],
    };
    const sequences = new Map<string, number>();
    video.update(agreement, now);
    video.enter({ router, flushes, maxBitrate: 1_000_000 }, participant, now);
    return {
      ...{ video, agreement, participant, rtp, rtcp },
      get closed() {
        return closed;
      },
      show(from = address, port = 5_002): void {
        const { payload, type } = CODECS[codec];
        const sequence = (sequences.get(from) ?? 0) + 1;
        sequences.set(from, sequence);
        const timestamp = sequence * 3_000;
        const bytes = buildRtp({ payloadType: type, sequence, timestamp, ssrc: 7 * number, marker: true, payload });
        receive("rtp", bytes, rtp.pathTo(from, port), now);
      },
      seen: () => rtp.sent.filter(({ bytes }) => (bytes[1]! & 0x7f) === CODECS[codec].type),
    };
  });
  return {
    systems: systems as [(typeof systems)[number], (typeof systems)[number]],
    get now() {
      return now;
    },
    pass(milliseconds: number): void {
      for (const end = now + milliseconds; now < end; ) {
        now += 20;
        router.tick(now);
        for (const { video } of systems) video.tick(now);
        flushes.flush(now);
      }
    },
  };
}

describe("room systems by SIP", () => {
  it.each([["vp8"], ["h264"]] as const)("see each other, not themselves (%s)", codec => {
    const room = world([codec, codec]);
    const [one, two] = room.systems;
    for (let i = 0; i < 20; i++) {
      one.show();
      room.pass(40);
    }
    expect(two.seen().length).toBeGreaterThan(15);
    expect(two.seen()[0]?.to).toBe("192.0.2.2 5002");
    expect(two.seen()[0]?.bytes.subarray(-2)).toEqual(CODECS[codec].payload.subarray(-2));
    expect(one.seen()).toEqual([]);
  });

  it("get a key picture by INFO (RFC 5168), which another is asked for by RTCP", () => {
    const room = world(["vp8", "vp8"]);
    const [one, two] = room.systems;
    const asked = (): number => one.rtcp.sent.filter(({ bytes }) => isPli(bytes)).length;
    for (let i = 0; i < 50; i++) {
      one.show();
      room.pass(40);
    }
    const before = asked();
    two.video.refresh(room.now);
    room.pass(40);
    expect(asked()).toBe(before + 1);
  });

  it("that share no codec don't", () => {
    const room = world(["vp8", "h264"]);
    const [one, two] = room.systems;
    for (let i = 0; i < 20; i++) {
      one.show();
      room.pass(40);
    }
    expect(two.seen()).toEqual([]);
  });

  it("are shown to by the way that they show, behind a NAT; strangers never", () => {
    const room = world(["vp8", "vp8"]);
    const [one, two] = room.systems;
    for (let i = 0; i < 20; i++) {
      one.show();
      two.show("192.0.2.2", 61_000);
      two.show("203.0.113.9", 5_002);
      room.pass(40);
    }
    expect(two.seen().at(-1)?.to).toBe("192.0.2.2 61000");
    expect(one.seen().length).toBeGreaterThan(10);
    expect(two.rtp.sent.some(({ to }) => to.startsWith("203."))).toBe(false);
  });

  it("aren't pushed out by another port of their host", () => {
    const room = world(["vp8", "vp8"]);
    const [one, two] = room.systems;
    for (let i = 0; i < 20; i++) {
      one.show();
      two.show();
      two.show("192.0.2.2", 61_000);
      room.pass(40);
    }
    expect(new Set(two.seen().map(({ to }) => to))).toEqual(new Set(["192.0.2.2 5002"]));
    expect(one.seen().length).toBeGreaterThan(10);
  });

  it("see nothing while held, and go on afterwards", () => {
    const room = world(["vp8", "vp8"]);
    const [one, two] = room.systems;
    two.video.update(undefined, room.now);
    for (let i = 0; i < 10; i++) {
      one.show();
      room.pass(40);
    }
    expect(two.seen()).toEqual([]);
    two.video.update(two.agreement, room.now);
    for (let i = 0; i < 10; i++) {
      one.show();
      room.pass(40);
    }
    expect(two.seen().length).toBeGreaterThan(5);
    two.video.close(room.now);
    expect(two.closed).toBe(true);
    one.show();
    room.pass(40);
  });
});
