import { beforeEach, describe, expect, it } from "vitest";
import { MEMBER_GRANTS, type NodeParticipant, TIMES } from "../../../src/protocol/index.ts";
import type { AacOptions, AacProvider } from "../../codec/aac.ts";
import type { PacketSink } from "../../forward/packet-sink.ts";
import { createLog } from "../../log.ts";
import { type MixHost, NO_MIXING } from "../../mix/mix-host.ts";
import { createRouter } from "../../room/router.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import { avcConfiguration, configurationTag, frameTag, unit, units } from "./testing/encoder.ts";

const CAMERA = 17;
const MIC = 16;
const PARTICIPANT: NodeParticipant = {
  pid: "p_00000001",
  number: 1,
  grants: MEMBER_GRANTS,
  sources: [
    { number: CAMERA, kind: "camera", muted: false },
    { number: MIC, kind: "mic", muted: false },
  ],
};
const CONFIGURATION = configurationTag(avcConfiguration());
const KEY_FRAME = frameTag(units(unit(5, 2_000)));
const FRAME = frameTag(units(unit(1, 100)));
const AAC_CONFIG = Buffer.of(0xaf, 0, 0x12, 0x10);
const AAC_FRAME = Buffer.of(0xaf, 1, 1, 2, 3);

let now = 0;
let lines: { message: string; why?: string; frames?: number }[];
let states: string[];
const log = createLog("warn", {}, line => lines.push(JSON.parse(line)));

/** Lets time (ms) pass. */
function later(time: number): number {
  now += time;
  return now;
}

beforeEach(() => {
  now = 1_790_000_000_000;
  lines = [];
  states = [];
});

function enter({ aac, mixing = NO_MIXING }: { aac?: AacProvider; mixing?: MixHost } = {}) {
  const router = createRouter();
  const ingest = createIngest({
    ...{ router, mixing, participant: PARTICIPANT, aac, log, now },
    onState: state => states.push(state),
  });
  /** What goes on from the camera: timestamps, and which begin a key frame. */
  const shown: { timestamp: number; key: boolean }[] = [];
  const sink = {
    decide: (layer, place) =>
      shown.push({ timestamp: layer.ring.timestamp[place]!, key: (layer.ring.flags[place]! & 1) !== 0 }),
  } as Partial<PacketSink> as PacketSink;
  router.sources.get(CAMERA)?.layers[0]?.addSink(sink);
  return { router, ingest, shown };
}

/** An encoder comes. @returns what it is told when it is closed */
function come(ingest: Ingest): { accepted: boolean; readonly end: string } {
  let end = "";
  const channel = {
    refuse(code: string, why: string) {
      end = `${code}: ${why}`;
    },
    close() {
      end = "closed";
    },
  };
  return {
    accepted: ingest.connected(channel, now),
    get end() {
      return end;
    },
  };
}

const show = (ingest: Ingest, tag: Buffer, timestamp: number): void => {
  const bytes = Buffer.from(tag);
  ingest.video(bytes, bytes.length, timestamp, now);
};
const sound = (ingest: Ingest, tag: Buffer): void => ingest.audio(Buffer.from(tag), tag.length, 0, now);

describe("an encoder in a room", () => {
  it("is a source of a camera, whose frames go on with their times", () => {
    const { ingest, shown } = enter();
    expect(come(ingest).accepted).toBe(true);
    show(ingest, CONFIGURATION, 0);
    for (const [tag, timestamp] of [
      [KEY_FRAME, 1_000],
      [FRAME, 1_040],
      [FRAME, 1_080],
    ] as const) {
      now += 40;
      show(ingest, tag, timestamp);
    }
    const times = [...new Set(shown.map(({ timestamp }) => timestamp))];
    expect(times.map(time => time - times[0]!)).toEqual([0, 3_600, 7_200]);
    expect(shown.filter(({ key }) => key).map(({ timestamp }) => timestamp)).toEqual([times[0]]);
    expect(states).toEqual(["connected"]);
  });

  it("counts on when its clock begins anew: after 50 days", () => {
    const { ingest, shown } = enter();
    come(ingest);
    show(ingest, CONFIGURATION, 0);
    show(ingest, KEY_FRAME, 0xffff_fff0);
    now += 40;
    show(ingest, FRAME, 0x18);
    expect((shown.at(-1)!.timestamp - shown[0]!.timestamp) >>> 0).toBe(3_600);
    expect(lines).toEqual([]);
  });

  it("is refused with B-frames, and may come again without", () => {
    const { ingest } = enter();
    const first = come(ingest);
    show(ingest, CONFIGURATION, 0);
    for (const [timestamp, composition] of [
      [0, 80],
      [40, 160],
      [80, 40],
    ] as const)
      show(ingest, frameTag(units(unit(1, 100)), composition), timestamp);
    expect(first.end).toContain("B-frames");
    expect(lines).toMatchObject([{ message: "an encoder was refused", why: expect.stringContaining("B-frames") }]);
    expect(come(ingest).accepted).toBe(true);
    // All of them late by as much is no other order.
    show(ingest, CONFIGURATION, 0);
    for (const timestamp of [0, 40, 80]) show(ingest, frameTag(units(unit(1, 100)), 80), timestamp);
    expect(lines).toHaveLength(1);
  });

  it.each([
    ["another codec", Buffer.of(0x12, 0, 0), "H.263"],
    ["a codec by name", Buffer.from("\x90hvc1", "latin1"), "hvc1"],
    ["a profile that browsers don't play", configurationTag(avcConfiguration(122)), "profile 122"],
    ["a configuration that is none", configurationTag(Buffer.alloc(9)), "can't be read"],
  ])("is refused with %s", (_name, tag, why) => {
    const { ingest } = enter();
    const encoder = come(ingest);
    show(ingest, tag, 0);
    expect(encoder.end).toContain(why);
    expect(states).toEqual(["connected"]);
  });

  it("leaves out what can't be read, and says how much that was", () => {
    const { ingest, shown } = enter();
    come(ingest);
    show(ingest, KEY_FRAME, 0);
    show(ingest, CONFIGURATION, 40);
    show(ingest, frameTag(Buffer.alloc(9)), 80);
    for (const tag of [Buffer.alloc(0), Buffer.of(0x57, 1), Buffer.of(0x17, 2, 0, 0, 0), Buffer.of(0x17)])
      show(ingest, tag, 90);
    expect(shown).toEqual([]);
    ingest.disconnected(false, now);
    expect(lines).toMatchObject([{ frames: 2 }]);
  });

  it("isn't seen while it is muted or may not publish, and then from a key frame on", () => {
    const { ingest, shown } = enter();
    come(ingest);
    show(ingest, CONFIGURATION, 0);
    ingest.update({ ...PARTICIPANT, sources: [{ number: CAMERA, kind: "camera", muted: true }] }, now);
    show(ingest, KEY_FRAME, 40);
    ingest.update({ ...PARTICIPANT, grants: {} }, now);
    show(ingest, KEY_FRAME, 80);
    expect(shown).toEqual([]);
    ingest.update(PARTICIPANT, now);
    show(ingest, KEY_FRAME, 120);
    expect(shown.length).toBeGreaterThan(0);
  });

  it("has ten minutes to come, and a minute to come back", () => {
    const { ingest } = enter();
    ingest.tick(later(TIMES.rtmpDoor));
    come(ingest);
    ingest.disconnected(false, now);
    ingest.tick(later(TIMES.rtmpReturn));
    expect(come(ingest).accepted).toBe(true);
    ingest.disconnected(false, now);
    expect(states).toEqual(["connected"]);
    ingest.tick(later(TIMES.rtmpReturn + 1));
    ingest.tick(later(20));
    expect(states).toEqual(["connected", "closed"]);
    expect(come(ingest).accepted).toBe(false);
  });

  it("isn't waited for ever when it is refused and tries again", () => {
    const { ingest } = enter();
    const refused = Buffer.of(0x12, 0, 0);
    for (let i = 0; i <= TIMES.rtmpDoor / 10_000 + 1; i++) {
      if (!come(ingest).accepted) break;
      show(ingest, refused, 0);
      ingest.disconnected(false, now);
      ingest.tick(later(10_000));
    }
    expect(states).toEqual(["connected", "closed"]);
  });

  it("is waited for once more when it was refused after it had sent for long", () => {
    const { ingest } = enter();
    ingest.tick(later(TIMES.rtmpDoor));
    come(ingest);
    show(ingest, CONFIGURATION, 0);
    later(15_000);
    show(ingest, Buffer.of(0x12, 0, 0), 15_000);
    ingest.tick(later(TIMES.rtmpReturn));
    expect(come(ingest).accepted).toBe(true);
    expect(states).toEqual(["connected"]);
  });

  it("is gone once it says that it is done, or is removed", () => {
    const done = enter();
    come(done.ingest);
    done.ingest.disconnected(true, now);
    const removed = enter();
    const encoder = come(removed.ingest);
    removed.ingest.close(now, 4421, "no-such-participant");
    removed.ingest.close(now, 4421, "no-such-participant");
    expect(encoder.end).toContain("no-such-participant");
    expect(states).toEqual(["connected", "closed", "connected"]);
    expect([done, removed].map(({ router }) => router.sources.size)).toEqual([0, 0]);
  });

  it("is not pushed out by another one with its key while it sends, and is if it doesn't", () => {
    const { ingest, shown } = enter();
    const first = come(ingest);
    expect(come(ingest).accepted).toBe(false);
    show(ingest, CONFIGURATION, 0);
    show(ingest, KEY_FRAME, 5_000);
    now += 3_100;
    const second = come(ingest);
    expect([second.accepted, first.end]).toEqual([true, "closed"]);
    const before = shown.length;
    show(ingest, CONFIGURATION, 0);
    show(ingest, KEY_FRAME, 0);
    expect(shown.length).toBeGreaterThan(before);
    ingest.tick(later(20_100));
    expect(second.end).toContain("nothing came");
  });

  it("isn't heard where nothing decodes AAC, and the log says so once", () => {
    const { ingest } = enter();
    come(ingest);
    sound(ingest, AAC_CONFIG);
    sound(ingest, AAC_FRAME);
    expect(lines).toMatchObject([{ message: "an encoder's sound is left out", why: expect.stringContaining("AAC") }]);
  });

  it("has another decoder when its sound is encoded in another way, but not for every tag that says so", () => {
    const opened: string[] = [];
    const decoded: string[] = [];
    const aac: AacProvider = {
      open({ config }) {
        const name = Buffer.from(config).toString("hex");
        opened.push(name);
        return { decode: () => void decoded.push(name), close() {} };
      },
    };
    const { ingest } = enter({ aac });
    const other = Buffer.of(0xaf, 0, 0x11, 0x90);
    come(ingest);
    for (let i = 0; i < 50; i++) sound(ingest, AAC_CONFIG);
    sound(ingest, AAC_FRAME);
    for (let i = 0; i < 49; i++) {
      sound(ingest, i % 2 === 0 ? other : AAC_CONFIG);
      sound(ingest, AAC_FRAME);
    }
    expect(opened).toEqual(["1210"]);
    expect(decoded).toEqual(["1210"]);
    later(1_000);
    sound(ingest, AAC_FRAME);
    expect(opened).toEqual(["1210", "1190"]);
    expect(decoded).toEqual(["1210", "1190"]);
  });

  it("is heard where something does: decoded here, encoded by the mixer", () => {
    const frames: string[] = [];
    let opened: AacOptions | undefined;
    let pushed = 0;
    const aac: AacProvider = {
      open(options) {
        opened = options;
        return { decode: bytes => void frames.push(Buffer.from(bytes).toString("hex")), close: () => frames.push("-") };
      },
    };
    const mixing: MixHost = {
      ...NO_MIXING,
      open: () => ({
        ...{ addInput() {}, removeInput() {}, addListener() {}, removeListener() {}, close() {} },
        push(_input, _codec, _sequence, _timestamp, _level, _bytes, _offset, length) {
          pushed += length;
        },
      }),
    };
    const { ingest } = enter({ aac, mixing });
    come(ingest);
    sound(ingest, AAC_CONFIG);
    sound(ingest, AAC_FRAME);
    expect(opened?.config).toEqual(Buffer.of(0x12, 0x10));
    expect(frames).toEqual(["010203"]);
    // What comes too far ahead of its time would be behind the picture ever after.
    opened?.onPcm(new Uint8Array(96_000));
    ingest.tick(later(20));
    expect(pushed).toBe(0);
    opened?.onPcm(new Uint8Array(9_600));
    for (let i = 0; i < 10; i++) ingest.tick(later(20));
    expect(pushed).toBe(9_600);
    sound(ingest, Buffer.of(0x2f, 0, 0));
    sound(ingest, AAC_FRAME);
    expect(frames).toEqual(["010203", "-"]);
    expect(lines).toMatchObject([{ why: expect.stringContaining("MP3") }]);
  });
});
