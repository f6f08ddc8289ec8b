import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT, must } from "../testing/fuzz.ts";
import { createRandom } from "../testing/random.ts";
import { amplitudeAt, decibels, loudness, tone, voice } from "../testing/tones.ts";
import type { AudioDecoder, SampleRate } from "./audio-codec.ts";
import { MAX_ENCODED } from "./audio-codec.ts";
import { isStereoOpus, loadOpus } from "./opus-audio.ts";

const opus = await loadOpus();
const packet = new Uint8Array(MAX_ENCODED);

/** 20 frames of sound as packets. */
function encode(pcm: Float32Array, rate: SampleRate, expectedLoss = 0): Uint8Array[] {
  const encoder = opus.createEncoder({ rate, channels: 1, expectedLoss });
  const packets = Array.from({ length: 20 }, (_, i) =>
    packet.slice(0, encoder.encode(pcm, i * encoder.frame, packet, 0)),
  );
  encoder.close();
  return packets;
}

function play(decoder: AudioDecoder, packets: readonly Uint8Array[]): Float32Array {
  const frame = (decoder.rate / 50) * decoder.channels;
  const out = new Float32Array(frame * packets.length + decoder.rate);
  for (const [i, bytes] of packets.entries()) {
    expect(decoder.decode(bytes, 0, bytes.length, out, i * frame)).toBe(decoder.rate / 50);
  }
  return out.slice(0, frame * packets.length);
}

describe("Opus", () => {
  it.each([8_000, 16_000, 48_000] as const)("carries a tone at %d Hz, and 48 kHz decoded straight to it", rate => {
    for (const from of [rate, 48_000] as const) {
      const out = play(opus.createDecoder(rate, 1), encode(tone(440, from, from * 0.4), from)).subarray(rate / 10);
      expect(amplitudeAt(out, 440, rate)).toBeGreaterThan(0.2);
      expect(decibels(amplitudeAt(out, 1_000, rate) / amplitudeAt(out, 440, rate))).toBeLessThan(-30);
    }
  });

  it("keeps two channels apart", () => {
    const encoder = opus.createEncoder({ rate: 48_000, channels: 2 });
    const decoder = opus.createDecoder(48_000, 2);
    const left = tone(440, 48_000, 960 * 20);
    const right = tone(1_000, 48_000, 960 * 20);
    const pcm = Float32Array.from({ length: 960 * 40 }, (_, i) => (i % 2 ? right : left)[i >> 1]!);
    const packets = Array.from({ length: 20 }, (_, i) => packet.slice(0, encoder.encode(pcm, i * 1_920, packet, 0)));
    expect(isStereoOpus(packets[0]!, 0, packets[0]!.length)).toBe(true);
    const out = play(decoder, packets);
    const heard = [0, 1].map(channel => out.filter((_, i) => i % 2 === channel).subarray(4_800));
    expect(decibels(amplitudeAt(heard[0]!, 1_000, 48_000) / amplitudeAt(heard[0]!, 440, 48_000))).toBeLessThan(-20);
    expect(decibels(amplitudeAt(heard[1]!, 440, 48_000) / amplitudeAt(heard[1]!, 1_000, 48_000))).toBeLessThan(-20);
  });

  it("makes up what got lost", () => {
    const decoder = opus.createDecoder(48_000, 1);
    play(decoder, encode(tone(440, 48_000, 19_200), 48_000));
    const out = new Float32Array(5_760);
    expect(decoder.conceal(960, out, 0)).toBe(960);
    expect(amplitudeAt(out.subarray(0, 960), 440, 48_000)).toBeGreaterThan(0.1);
  });

  it("restores what got lost from what the next packet repeats", () => {
    const packets = encode(voice(150, 16_000, 6_400), 16_000, 20);
    const restored = (how: (decoder: AudioDecoder, out: Float32Array) => number): Float32Array => {
      const decoder = opus.createDecoder(16_000, 1);
      play(decoder, packets.slice(0, 5));
      const out = new Float32Array(1_920);
      // Four frames are gone: made up alone, the last of them has faded.
      decoder.conceal(960, out, 0);
      expect(how(decoder, out)).toBe(320);
      return out.slice(0, 320);
    };
    const next = packets[9]!;
    const recovered = restored((decoder, out) => decoder.recover(next, 0, next.length, 320, out, 0));
    const concealed = restored((decoder, out) => decoder.conceal(320, out, 0));
    expect(loudness(recovered)).toBeGreaterThan(1.5 * loudness(concealed));
  });

  it(
    "writes nothing beyond the longest packet and never throws, whatever comes",
    () => {
      const random = createRandom(7);
      const decoder = opus.createDecoder(48_000, 2);
      const out = new Float32Array(5_760 * 2 + 1);
      out[5_760 * 2] = 42;
      const bytes = new Uint8Array(1_600);
      for (let run = 0; run < FUZZ_RUNS / 100; run++) {
        const length = random.integer(0, 1_599);
        random.fill(bytes.subarray(0, length));
        const decoded = decoder.decode(bytes, 0, length, out, 0);
        must(decoded <= 5_760, "too long");
        must((length > 0 && length <= 1_500) || decoded === -1, "taken");
        decoder.recover(bytes, 0, length, 960, out, 0);
      }
      expect(out[5_760 * 2]).toBe(42);
    },
    FUZZ_TIMEOUT,
  );

  it("does nothing once closed", () => {
    const decoder = opus.createDecoder(48_000, 1);
    const encoder = opus.createEncoder({ rate: 48_000, channels: 1 });
    decoder.close();
    decoder.close();
    encoder.close();
    encoder.close();
    const out = new Float32Array(5_760);
    expect(decoder.decode(packet, 0, 10, out, 0)).toBe(-1);
    expect(decoder.conceal(960, out, 0)).toBe(0);
    expect(encoder.encode(out, 0, packet, 0)).toBe(0);
  });
});
