import { describe, expect, it } from "vitest";
import type { HlsOrder } from "../../../src/protocol/index.ts";
import { CODECS } from "../../codec/codecs.ts";
import { createRoundTrip } from "../../forward/round-trip.ts";
import { SourceClock } from "../../forward/source-clock.ts";
import { createRouter } from "../../room/router.ts";
import { createSource, type Source } from "../../room/source.ts";
import { createTestMixing } from "../../testing/mixing.ts";
import { feed } from "../../testing/stream-kit.ts";
import { createBroadcast } from "./broadcast.ts";
import { PLAYLIST } from "./segmenter.ts";
import { readSegment } from "./testing/mp4-boxes.ts";

const SETS = [
  Buffer.from("6742c00cd901419f9f011000000300100000030320f142a480", "hex"),
  Buffer.from("68cb83cb20", "hex"),
] as const;
const KEY_UNITS = Buffer.concat([
  Buffer.of(0x18),
  ...[...SETS, Buffer.concat([Buffer.of(0x65), Buffer.alloc(600, 7)])].flatMap(unit => [
    Buffer.of(unit.length >> 8, unit.length & 0xff),
    unit,
  ]),
]);
const SLICE = Buffer.concat([Buffer.of(0x41), Buffer.alloc(200, 9)]);

/** A room with one participant's camera, and a broadcast of it. */
function setUp(codec: "h264" | "vp8" = "h264", order: Partial<HlsOrder> = {}) {
  let now = 1_790_000_000_000;
  const start = now;
  const router = createRouter();
  const mixing = createTestMixing(now);
  const asked: number[] = [];
  const shared = { clock: new SourceClock(), roundTrip: createRoundTrip() };
  const feedback = { requestKeyFrame: () => asked.push(now - start), requestPackets() {} };
  const camera = createSource({ number: 17, kind: "camera", codec: CODECS[codec], ...shared, feedback });
  router.addSource(camera, now);
  const files = new Map<string, Buffer | string>();
  const begin = (video: readonly number[] = [16, 17, 18]) =>
    createBroadcast({
      ...{ router, mixing: mixing.host, participant: 9, label: "b" },
      order: { name: "live", video: [...video], audio: "mix", ...order },
      store: () => ({ write: (name, bytes) => files.set(name, bytes), remove: name => files.delete(name) }),
    });
  let sequence = 0;
  return {
    router,
    camera,
    files,
    asked,
    begin,
    get now() {
      return now;
    },
    segments: () => [...files.keys()].filter(name => name.endsWith(".m4s")),
    /** 25 pictures a second; a key frame where one was asked for. */
    run(
      seconds: number,
      {
        broadcast,
        source = camera,
        sends = true,
        drop = () => false,
      }: {
        broadcast: ReturnType<typeof begin>;
        source?: Source;
        sends?: boolean;
        drop?: (sequence: number) => boolean;
      },
    ) {
      let served = asked.length;
      for (const end = now + seconds * 1_000; now < end; ) {
        now += 20;
        router.tick(now);
        broadcast.tick(now);
        mixing.run(now);
        if (!sends || now % 40 !== 0) continue;
        const key = sequence === 0 || asked.length > served;
        served = asked.length;
        const payload = key ? KEY_UNITS : SLICE;
        const timestamp = ((now - start) * 90) >>> 0;
        sequence++;
        if (drop(sequence)) continue;
        feed(source.layers[0]!, now, { sequence, timestamp, marker: true, payload });
      }
    },
  };
}

describe("a broadcast", () => {
  it("asks for the key frames that its segments end with, and has sound from beginning to end", () => {
    const room = setUp();
    const broadcast = room.begin();
    room.run(20, { broadcast });
    expect(room.segments().length).toBeGreaterThanOrEqual(4);
    expect(String(room.files.get(PLAYLIST)).match(/EXTINF:4\.\d+/g)?.length).toBeGreaterThanOrEqual(4);
    expect(room.asked.length).toBeLessThan(10);
    const [video, audio] = readSegment(room.files.get("b-2.m4s") as Buffer);
    expect(video?.samples.length).toBeGreaterThan(95);
    // Silence is sound: nobody published any.
    expect(audio?.samples.length).toBeGreaterThan(195);
    broadcast.close();
    expect(String(room.files.get(PLAYLIST))).toContain("#EXT-X-ENDLIST");
    const count = room.files.size;
    room.run(5, { broadcast });
    expect(room.files.size).toBe(count);
  });

  it("begins when the picture does, rests while it is muted, and goes on behind a discontinuity", () => {
    const room = setUp();
    const broadcast = room.begin();
    room.run(3, { broadcast, sends: false });
    expect(room.files.size).toBe(0);
    room.run(20, { broadcast });
    room.router.setMuted(room.camera, true, room.now);
    // What was shown until then is written.
    room.run(4, { broadcast });
    const before = [...room.files.keys()];
    room.run(20, { broadcast });
    expect([...room.files.keys()]).toEqual(before);
    room.router.setMuted(room.camera, false, room.now);
    room.run(12, { broadcast });
    expect(String(room.files.get(PLAYLIST))).toContain("#EXT-X-DISCONTINUITY\n");
  });

  it("leaves out what builds on a lost picture, and asks for another beginning", () => {
    const room = setUp();
    const broadcast = room.begin();
    room.run(2, { broadcast });
    const asked = room.asked.length;
    room.run(2, { broadcast, drop: sequence => sequence === 60 });
    expect(room.asked.length).toBeGreaterThan(asked);
    room.run(4, { broadcast });
    const [video] = readSegment(room.files.get("b-1.m4s") as Buffer);
    expect(video!.samples.length).toBeLessThan(98);
    const length = video!.samples.reduce((sum, { duration }) => sum + duration, 0);
    expect(length / 90_000).toBeGreaterThan(3.9);
  });

  it("shows a screen rather than a camera, and nothing that it wasn't told to", () => {
    const room = setUp();
    const shared = { clock: new SourceClock(), roundTrip: createRoundTrip() };
    const feedback = { requestKeyFrame() {}, requestPackets() {} };
    const others = [18, 33].map(number =>
      createSource({ number, kind: "screen", codec: CODECS.h264, ...shared, feedback }),
    );
    for (const source of others) room.router.addSource(source, room.now);
    const broadcast = room.begin();
    room.run(1, { broadcast, sends: false });
    expect([room.camera, ...others].map(({ layers }) => layers[0]?.sinks.length)).toEqual([0, 1, 0]);
    room.router.removeSource(others[0]!, room.now);
    room.run(1, { broadcast, sends: false });
    expect(room.camera.layers[0]?.sinks.length).toBe(1);
    broadcast.close();
    expect(room.camera.layers[0]?.sinks.length).toBe(0);
  });

  it("is refused for a picture that is there in another codec, and writes nothing", () => {
    const room = setUp("vp8");
    expect(() => room.begin()).toThrow(expect.objectContaining({ code: "unsupported-codec" }));
    expect(room.files.size).toBe(0);
    // Whoever publishes nothing yet may still publish what fits.
    room.begin([33]).close();
  });
});
