import { describe, expect, it } from "vitest";
import { createSegmenter, PLAYLIST } from "./segmenter.ts";
import { readBoxes, readSegment } from "./testing/mp4-boxes.ts";

const SPS = Buffer.from("6742c00cd901419f9f011000000300100000030320f142a480", "hex");
const LARGER = Buffer.from("6764001facb200a00b760220000003002000000641e30649", "hex");
const PPS = Buffer.from("68cb83cb20", "hex");
const KEY_FLAGS = 0x0200_0000;

/** Somebody at 25 pictures a second, a key frame every two seconds, and sound. */
function createShow() {
  const files = new Map<string, Buffer | string>();
  const removed: string[] = [];
  const store = {
    write: (name: string, bytes: Buffer | string) => files.set(name, bytes),
    remove(name: string) {
      removed.push(name);
      files.delete(name);
    },
  };
  const segmenter = createSegmenter(store, "b");
  let now = 1_000_000;
  let picture = 0;
  return {
    files,
    removed,
    segmenter,
    get playlist() {
      return String(files.get(PLAYLIST) ?? "");
    },
    segment: (number: number) => readSegment(files.get(`b-${number}.m4s`) as Buffer),
    pause(seconds: number) {
      now += seconds * 1_000;
    },
    run(seconds: number, { sps = SPS, sound = true, keyEvery = 50 } = {}) {
      for (const end = now + seconds * 1_000; now < end; now += 20) {
        if (sound) segmenter.audio(Buffer.alloc(40, 3), 960, now);
        if (now % 40 !== 0) continue;
        const key = picture++ % keyEvery === 0;
        segmenter.video({ bytes: Buffer.alloc(key ? 900 : 100, 5), key, timestamp: 0, sps, pps: PPS }, now);
      }
    },
  };
}

describe("a live playlist", () => {
  it("begins with a key frame, and each segment with one of its own; both tracks go on without a hole", () => {
    const show = createShow();
    show.segmenter.audio(Buffer.alloc(40), 960, 999_000);
    show.run(13);
    // Players begin three target durations before the end.
    expect(show.playlist).toBe("");
    show.run(4);
    expect(show.playlist).toBe(
      [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        "#EXT-X-TARGETDURATION:5",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="b-init-1.mp4"',
        ...[1, 2, 3, 4].flatMap(number => ["#EXTINF:4.000,", `b-${number}.m4s`]),
        "",
      ].join("\n"),
    );
    const init = readBoxes(show.files.get("b-init-1.mp4") as Buffer);
    expect(init.get("moov/trak/mdia/minf/stbl/stsd/avc1/avcC")?.[0]?.subarray(1, 4)).toEqual(SPS.subarray(1, 4));
    expect(init.get("moov/trak/mdia/minf/stbl/stsd/Opus/dOps")).toHaveLength(1);
    expect(init.get("moov/mvex/trex")).toHaveLength(2);
    let [nextVideo, nextAudio] = [0, 0];
    for (const number of [1, 2]) {
      const [video, audio] = show.segment(number);
      expect([video?.track, video?.time, audio?.track, audio?.time]).toEqual([1, nextVideo, 2, nextAudio]);
      expect(video?.samples.map(({ flags }) => flags === KEY_FLAGS)).toEqual(
        Array.from({ length: 100 }, (_, i) => i % 50 === 0),
      );
      expect(video?.samples[0]?.bytes).toEqual(Buffer.alloc(900, 5));
      expect(audio?.samples.at(-1)?.bytes).toEqual(Buffer.alloc(40, 3));
      nextVideo += video!.samples.reduce((sum, { duration }) => sum + duration, 0);
      nextAudio += audio!.samples.reduce((sum, { duration }) => sum + duration, 0);
    }
    expect(nextVideo).toBe(8 * 90_000);
  });

  it("keeps six segments, and removes the files of older ones a while later", () => {
    const show = createShow();
    show.run(77);
    expect(show.playlist).toContain("#EXT-X-MEDIA-SEQUENCE:13\n");
    expect(show.playlist.match(/^b-\d+\.m4s$/gm)).toEqual([14, 15, 16, 17, 18, 19].map(number => `b-${number}.m4s`));
    expect([...show.files.keys()].filter(name => name.endsWith(".m4s"))).toHaveLength(14);
    expect(show.removed).toEqual(["b-1.m4s", "b-2.m4s", "b-3.m4s", "b-4.m4s", "b-5.m4s"]);
  });

  it("asks for a key frame when a segment is long enough, and tells the true length of one that got none", () => {
    const show = createShow();
    show.run(3, { keyEvery: 1_000 });
    expect(show.segmenter.wantsKeyFrame).toBe(false);
    show.run(7.04, { keyEvery: 1_000 });
    expect(show.segmenter.wantsKeyFrame).toBe(true);
    show.segmenter.video({ bytes: Buffer.alloc(9), key: true, timestamp: 0, sps: SPS, pps: PPS }, 1_010_040);
    expect(show.segmenter.wantsKeyFrame).toBe(false);
    show.run(30);
    expect(show.playlist).toContain("#EXTINF:10.040,\nb-1.m4s");
    expect(show.playlist).toContain("#EXT-X-TARGETDURATION:11\n");
    // More than six segments, for as long as fewer were too short.
    show.run(80);
    const lengths = [...show.playlist.matchAll(/EXTINF:([\d.]+)/g)].map(([, length]) => Number(length));
    expect(lengths).toHaveLength(9);
  });

  it("marks where pictures ceased or became others, with an initialization of its own", () => {
    const show = createShow();
    show.run(5);
    show.pause(10);
    show.run(2, { keyEvery: 1 });
    show.run(9, { sps: LARGER, keyEvery: 1 });
    expect(show.playlist.split("\n").slice(6)).toEqual([
      ...['#EXT-X-MAP:URI="b-init-1.mp4"', "#EXTINF:4.000,", "b-1.m4s", "#EXTINF:1.000,", "b-2.m4s"],
      ...["#EXT-X-DISCONTINUITY", '#EXT-X-MAP:URI="b-init-2.mp4"', "#EXTINF:2.000,", "b-3.m4s"],
      ...["#EXT-X-DISCONTINUITY", '#EXT-X-MAP:URI="b-init-3.mp4"'],
      ...["#EXTINF:4.000,", "b-4.m4s", "#EXTINF:4.000,", "b-5.m4s", ""],
    ]);
    expect(show.segment(3)[0]?.time).toBe(0);
    // Each initialization goes with the last segment that needs it, and is counted.
    show.run(80, { sps: LARGER });
    expect(show.removed).toEqual(expect.arrayContaining(["b-init-1.mp4", "b-init-2.mp4"]));
    expect(show.files.has("b-init-3.mp4")).toBe(true);
    expect(show.playlist).toContain("#EXT-X-DISCONTINUITY-SEQUENCE:2\n");
  });

  it("holds no more files than it lists and keeps, whatever lengths pictures make of segments", () => {
    const show = createShow();
    show.run(20);
    show.run(120, { keyEvery: 10_000 });
    for (let i = 0; i < 200; i++) show.run(0.04, { sps: i % 2 ? SPS : LARGER, keyEvery: 1 });
    expect(show.playlist).toMatch(/#EXT-X-TARGETDURATION:12\d\n/);
    expect(show.playlist.match(/^b-\d+\.m4s$/gm)).toHaveLength(64);
    expect(show.files.size).toBeLessThan(2 * (64 + 8) + 4);
  });

  it("puts sound where it belongs after a pause, and lets none overlap", () => {
    const show = createShow();
    show.run(2);
    show.run(1, { sound: false });
    show.run(2);
    const [, audio] = show.segment(1);
    expect(audio?.samples.some(({ duration }) => duration > 40_000)).toBe(true);
    const length = audio!.samples.reduce((sum, { duration }) => sum + duration, 0);
    expect(Math.abs(length - 4 * 48_000)).toBeLessThan(2_000);
  });

  it("ends with what there is, once", () => {
    const show = createShow();
    show.run(5);
    show.segmenter.close();
    show.segmenter.close();
    show.run(5);
    expect(show.playlist.split("\n").slice(-4)).toEqual(["#EXTINF:1.000,", "b-2.m4s", "#EXT-X-ENDLIST", ""]);
  });

  it("is empty, and ended, where nothing was ever seen", () => {
    const show = createShow();
    show.segmenter.close();
    expect(show.playlist.split("\n").slice(-2)).toEqual(["#EXT-X-ENDLIST", ""]);
  });
});
