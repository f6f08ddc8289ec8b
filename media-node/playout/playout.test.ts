import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AudioCodecName, AudioEncoder } from "../codec/audio-codec.ts";
import { MAX_ENCODED } from "../codec/audio-codec.ts";
import { createG711Decoder, createG711Encoder } from "../codec/g711.ts";
import { loadOpus } from "../codec/opus-audio.ts";
import { createRandom } from "../testing/random.ts";
import { amplitudeAt, decibels, loudness, tone } from "../testing/tones.ts";
import { createPlayout, type Playout } from "./playout.ts";

const opus = await loadOpus();

interface Arrival {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly at: number;
  readonly codec: AudioCodecName;
}

interface Network {
  /** Share of packets lost. */
  readonly loss?: number;
  /** Greatest delay (ms), spread evenly from 0. */
  readonly jitter?: number;
  /** How much faster (ppm) the source's clock goes. */
  readonly drift?: number;
  readonly seed?: number;
}

/** Sends frames of sound over a network that is like that. */
function send(encoder: AudioEncoder, pcm: Float32Array, network: Network = {}, start = 0): Arrival[] {
  const { loss = 0, jitter = 0, drift = 0, seed = 1 } = network;
  const random = createRandom(seed);
  const packet = new Uint8Array(MAX_ENCODED);
  const step = encoder.codec === "opus" ? 960 : 160;
  const arrivals: Arrival[] = [];
  for (let i = 0; (i + 1) * encoder.frame <= pcm.length; i++) {
    const payload = packet.slice(0, encoder.encode(pcm, i * encoder.frame, packet, 0));
    const at = start + (i * 20) / (1 + drift / 1e6) + random.next() * jitter;
    const arrival = { sequence: (65_500 + i) & 0xffff, timestamp: i * step, payload, at, codec: encoder.codec };
    if (!random.chance(loss)) arrivals.push(arrival);
  }
  return arrivals.sort((a, b) => a.at - b.at);
}

interface Heard {
  /** All frames, those without sound as silence. */
  readonly pcm: Float32Array;
  readonly frames: readonly boolean[];
}

/** Plays what arrives, frame by frame, from `from` (ms) on. */
function listen(playout: Playout, arrivals: readonly Arrival[], frames: number, rate: number, from = 7): Heard {
  const size = rate / 50;
  const pcm = new Float32Array(frames * size);
  const audible: boolean[] = [];
  const frame = new Float32Array(size * 2);
  let next = 0;
  for (let i = 0; i < frames; i++) {
    const now = from + i * 20;
    for (; next < arrivals.length && arrivals[next]!.at <= now; next++) {
      const { codec, sequence, timestamp, payload, at } = arrivals[next]!;
      playout.push(codec, sequence, timestamp, payload, 0, payload.length, at);
    }
    audible.push(playout.pull(frame, 0, now));
    if (!audible[i]) continue;
    for (let k = 0; k < size; k++) pcm[i * size + k] = frame[k * playout.channels]!;
  }
  return { pcm, frames: audible };
}

const opusPlayout = (): Playout =>
  createPlayout({
    rate: 48_000,
    createDecoder: (codec, channels) => (codec === "opus" ? opus.createDecoder(48_000, channels) : undefined),
  });
const phonePlayout = (): Playout =>
  createPlayout({
    rate: 8_000,
    createDecoder: (codec, channels) =>
      codec === "opus"
        ? opus.createDecoder(8_000, channels)
        : codec === "pcmu" || codec === "pcma"
          ? createG711Decoder(codec)
          : undefined,
  });
const opusEncoder = (expectedLoss = 0): AudioEncoder => opus.createEncoder({ rate: 48_000, channels: 1, expectedLoss });

/** The longest silence (ms) from the first sound to the last. */
function longestHole({ frames }: Heard): number {
  let hole = 0;
  let longest = 0;
  for (const audible of frames.slice(frames.indexOf(true), frames.lastIndexOf(true))) {
    hole = audible ? 0 : hole + 20;
    longest = Math.max(longest, hole);
  }
  return longest;
}

/** How much louder (dB) a tone is than what stands where no tone was sent. */
const purity = (pcm: Float32Array, frequency: number, rate: number): number =>
  decibels(amplitudeAt(pcm, frequency, rate) / Math.max(1e-4, amplitudeAt(pcm, frequency * 2.7, rate)));

describe("playout", () => {
  it("plays a clean stream without a hole or a stretch, 60 ms behind at most", () => {
    const playout = opusPlayout();
    const heard = listen(playout, send(opusEncoder(), tone(440, 48_000, 48_000 * 4)), 200, 48_000);
    expect(heard.frames.indexOf(true)).toBeLessThanOrEqual(3);
    expect(longestHole(heard)).toBe(0);
    expect(purity(heard.pcm.subarray(48_000), 440, 48_000)).toBeGreaterThan(40);
    expect(playout.counters).toMatchObject({ packets: 200, late: 0, undecodable: 0, recovered: 0, lengthened: 0 });
    expect(playout.target).toBe(10);
  });

  it("waits as long as jitter demands, and no longer once it is gone", () => {
    const playout = phonePlayout();
    const encoder = createG711Encoder("pcmu");
    const rough = send(encoder, tone(400, 8_000, 8_000 * 20), { jitter: 80 });
    const heard = listen(playout, rough, 1_000, 8_000);
    expect(playout.target).toBeGreaterThan(60);
    expect(playout.target).toBeLessThan(100);
    expect(longestHole(heard)).toBe(0);
    // While it learned, some came too late; afterwards hardly any.
    expect(playout.counters.concealed).toBeLessThan(20);
    const calm = send(encoder, tone(400, 8_000, 8_000 * 20), {}, 20_000);
    listen(playout, calm, 1_000, 8_000, 20_007);
    expect(playout.target).toBeLessThan(30);
  });

  it.each([-200, 200])("follows a clock that is %d ppm off for ten minutes", drift => {
    const playout = phonePlayout();
    const encoder = createG711Encoder("pcma");
    // A minute of sound, ten times.
    const minute = send(encoder, tone(250, 8_000, 8_000 * 60), { drift });
    const arrivals = Array.from({ length: 10 }, (_, i) =>
      minute.map(arrival => ({
        ...arrival,
        sequence: (arrival.sequence + i * 3_000) & 0xffff,
        timestamp: arrival.timestamp + i * 480_000,
        at: arrival.at + (i * 60_000) / (1 + drift / 1e6),
      })),
    ).flat();
    const heard = listen(playout, arrivals, 29_900, 8_000);
    expect(longestHole(heard)).toBe(0);
    const { shortened, lengthened, skipped, late, concealed } = playout.counters;
    expect({ skipped, late, concealed }).toEqual({ skipped: 0, late: 0, concealed: expect.any(Number) });
    // 120 ms have to be made up for, by periods of up to 10 ms.
    expect(drift > 0 ? shortened : lengthened + concealed * 2).toBeGreaterThan(8);
    expect(shortened + lengthened).toBeLessThan(60);
    expect(purity(heard.pcm.subarray(8_000), 250, 8_000)).toBeGreaterThan(10);
  });

  it("fills what 20 % loss leaves, by what later packets repeat where they do", () => {
    const playout = opusPlayout();
    const arrivals = send(opusEncoder(20), tone(440, 48_000, 48_000 * 4), { loss: 0.2, jitter: 30 });
    const heard = listen(playout, arrivals, 200, 48_000);
    expect(longestHole(heard)).toBe(0);
    expect(playout.counters.recovered).toBeGreaterThan(5);
    expect(amplitudeAt(heard.pcm.subarray(48_000, 48_000 * 3), 440, 48_000)).toBeGreaterThan(0.1);
  });

  it("is silent while a source has stopped, costs nothing then, and plays it again when it returns", () => {
    const playout = opusPlayout();
    const encoder = opusEncoder();
    const before = send(encoder, tone(440, 48_000, 48_000));
    const after = send(encoder, tone(440, 48_000, 48_000), {}, 31_000).map(arrival => ({
      ...arrival,
      sequence: (arrival.sequence + 50) & 0xffff,
      timestamp: arrival.timestamp + 48_000 * 31,
    }));
    const heard = listen(playout, [...before, ...after], 1_600, 48_000);
    expect(heard.frames.slice(65, 1_550).some(audible => audible)).toBe(false);
    expect(heard.frames.slice(1_555, 1_595).every(audible => audible)).toBe(true);
    expect(purity(heard.pcm.subarray(48_000 * 31.3), 440, 48_000)).toBeGreaterThan(30);
  });

  it("takes discontinuous transmission for silence, not for loss", () => {
    const playout = opusPlayout();
    const spoken = send(opusEncoder(), tone(440, 48_000, 48_000)).slice(0, 40);
    const last = { ...spoken[39]!, sequence: (65_500 + 40) & 0xffff, timestamp: 40 * 960, at: 800 };
    const dtx = { ...last, payload: Uint8Array.of(0x08) };
    const heard = listen(playout, [...spoken, dtx], 80, 48_000);
    expect(playout.counters.concealed).toBe(0);
    expect(heard.frames.slice(46).some(audible => audible)).toBe(false);
  });

  it("goes on without a hole when the codec changes", () => {
    const playout = phonePlayout();
    const sound = tone(400, 8_000, 16_000);
    const first = send(createG711Encoder("pcmu"), sound);
    const second = send(opus.createEncoder({ rate: 8_000, channels: 1 }), sound, {}, 2_000).map(arrival => ({
      ...arrival,
      sequence: (arrival.sequence + 100) & 0xffff,
    }));
    const heard = listen(playout, [...first, ...second], 190, 8_000);
    expect(longestHole(heard)).toBe(0);
    expect(loudness(heard.pcm.subarray(15_200, 17_600))).toBeGreaterThan(0.12);
    expect(playout.counters).toMatchObject({ undecodable: 0, late: 0 });
  });

  it("plays in stereo as soon as the source does", () => {
    const playout = opusPlayout();
    const stereo = opus.createEncoder({ rate: 48_000, channels: 2 });
    const left = Float32Array.from({ length: 96_000 }, (_, i) => (i % 2 ? 0 : 0.25 * Math.sin((i >> 1) / 17)));
    const arrivals = [
      ...send(opusEncoder(), tone(440, 48_000, 48_000)),
      ...send(
        { ...stereo, frame: 960, encode: (_, at, out, to) => stereo.encode(left, at * 2, out, to) },
        left.subarray(0, 48_000),
        {},
        1_000,
      ).map(arrival => ({
        ...arrival,
        sequence: (arrival.sequence + 50) & 0xffff,
        timestamp: arrival.timestamp + 48_000,
      })),
    ];
    const heard = listen(playout, arrivals, 95, 48_000);
    expect(playout.channels).toBe(2);
    expect(longestHole(heard)).toBe(0);
  });

  it("conceals what can't be decoded", () => {
    const playout = opusPlayout();
    const arrivals = send(opusEncoder(), tone(440, 48_000, 48_000)).map((arrival, i) =>
      // Code 3 with no frames (RFC 6716 §3.2.5).
      i % 10 === 9 ? { ...arrival, payload: Uint8Array.of(3, 0, 0) } : arrival,
    );
    expect(longestHole(listen(playout, arrivals, 50, 48_000))).toBe(0);
    expect(playout.counters.undecodable).toBe(5);
  });

  it("lets go of a burst that comes far too late", () => {
    const playout = phonePlayout();
    const arrivals = send(createG711Encoder("pcmu"), tone(400, 8_000, 8_000 * 3)).map((arrival, i) =>
      i > 50 && i < 100 ? { ...arrival, at: 2_000 } : arrival,
    );
    listen(playout, arrivals, 145, 8_000);
    expect(playout.counters.skipped).toBeGreaterThan(20);
  });

  it("keeps nothing of what comes while nobody listens", () => {
    const playout = opusPlayout();
    for (const { codec, sequence, timestamp, payload, at } of send(opusEncoder(), tone(440, 48_000, 48_000))) {
      playout.push(codec, sequence, timestamp, payload, 0, payload.length, at);
      playout.skip();
    }
    expect(playout.pull(new Float32Array(960), 0, 1_000)).toBe(false);
  });

  it("never throws, stalls or leaves the room it was given, whatever comes when", () => {
    const packets = fc.array(
      fc.record({
        codec: fc.constantFrom("opus" as const, "pcmu" as const, "g722" as const),
        sequence: fc.oneof(fc.integer({ min: 0, max: 65_535 }), fc.integer({ min: 0, max: 80 })),
        timestamp: fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 80_000 })),
        payload: fc.uint8Array({ maxLength: 1_600 }),
        pulls: fc.integer({ min: 0, max: 4 }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(packets, list => {
        const playout = phonePlayout();
        const frame = new Float32Array(321).fill(42);
        let now = 0;
        for (const { codec, sequence, timestamp, payload, pulls } of list) {
          playout.push(codec, sequence, timestamp, payload, 0, payload.length, now);
          for (let i = 0; i < pulls; i++) {
            playout.pull(frame, 0, now);
            now += 20;
          }
        }
        playout.close();
        playout.close();
        expect(frame[320]).toBe(42);
      }),
      { numRuns: 50 },
    );
  });
});
