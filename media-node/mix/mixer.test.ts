import { describe, expect, it } from "vitest";
import { type AudioCodecName, type AudioEncoder, MAX_ENCODED } from "../codec/audio-codec.ts";
import { createG711Decoder } from "../codec/g711.ts";
import { isStereoOpus, loadOpus } from "../codec/opus-audio.ts";
import { createRandom } from "../testing/random.ts";
import { amplitudeAt, decibels, tone } from "../testing/tones.ts";
import { FULL_BAND, type MixFormat } from "./mix-format.ts";
import { createMixer, type Mixer } from "./mixer.ts";

const opus = await loadOpus();
const FREQUENCIES = [400, 650, 1_000, 1_450, 2_100];

interface Packet {
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

/** A mixer with what it sent to whom, and tones that go in. */
function setup(maxVoices = 5) {
  const streams = new Map<number, Packet[]>();
  const heard = new Map<number, Packet[]>();
  const assigned = new Map<number, number>();
  const mixer: Mixer = createMixer({
    opus,
    onAssign: (listener, stream) => assigned.set(listener, stream),
  });
  let tick = 0;
  let encoded = 0;
  const packet = new Uint8Array(MAX_ENCODED);
  const speakers: ((frame: number, now: number) => void)[] = [];

  /** A participant whose microphone sounds like this from now on. */
  function speak(
    participant: number,
    pcm: Float32Array,
    {
      loss = 0,
      level = 20,
      encoder = opus.createEncoder({ rate: 48_000, channels: 1 }) as AudioEncoder,
      from = tick,
    } = {},
  ): void {
    const random = createRandom(participant);
    speakers.push((frame, now) => {
      const at = (frame - from) * encoder.frame * encoder.channels;
      if (at < 0 || at >= pcm.length) return;
      const length = encoder.encode(pcm, at, packet, 0);
      if (random.chance(loss)) return;
      const sent = now + random.next() * 4;
      mixer.push(participant * 16, "opus", frame, frame * 960, level, packet, 0, length, sent);
    });
  }

  /** Lets time pass, frame by frame. */
  function run(frames: number): void {
    for (const end = tick + frames; tick < end; tick++) {
      const now = tick * 20;
      for (const each of speakers) each(tick, now - 8);
      mixer.tick(
        tick,
        maxVoices,
        (stream, timestamp, _level, bytes, length) => {
          encoded++;
          const sent = { timestamp, bytes: bytes.slice(0, length) };
          streams.set(stream, [...(streams.get(stream) ?? []), sent]);
          for (const [listener, at] of assigned) {
            if (at === stream) heard.set(listener, [...(heard.get(listener) ?? []), sent]);
          }
        },
        now,
      );
    }
  }

  /** The sound of what a listener got in the last so many frames. */
  function soundOf(listener: number, frames: number, decoder = opus.createDecoder(48_000, 1)): Float32Array {
    const packets = (heard.get(listener) ?? []).slice(-frames);
    const out = new Float32Array(packets.length * (decoder.rate / 50) + decoder.rate);
    let at = 0;
    for (const { bytes } of packets) at += decoder.decode(bytes, 0, bytes.length, out, at);
    return out.slice(decoder.rate / 10, at);
  }

  const join = (participant: number, format: MixFormat = FULL_BAND): void => {
    mixer.addInput(participant * 16, participant);
    mixer.addListener(participant, participant, format);
  };
  return { mixer, speak, run, join, soundOf, assigned, heard, encodedSince: () => encoded };
}

const loudnessOf = (pcm: Float32Array, rate = 48_000): number[] =>
  FREQUENCIES.map(frequency => amplitudeAt(pcm, frequency, rate));

describe("the mixer", () => {
  it.each([0, 0.05, 0.2])("lets each of five hear the other four and not itself, at a loss of %d", loss => {
    const { join, speak, run, soundOf } = setup();
    for (const [i, frequency] of FREQUENCIES.entries()) {
      join(i + 1);
      speak(i + 1, tone(frequency, 48_000, 48_000 * 4, 0.15), { loss });
    }
    run(200);
    for (const [i, own] of FREQUENCIES.entries()) {
      const pcm = soundOf(i + 1, 100);
      const floor = [530, 820, 1_800].reduce((sum, frequency) => sum + amplitudeAt(pcm, frequency, 48_000), 0) / 3;
      for (const frequency of FREQUENCIES) {
        const level = amplitudeAt(pcm, frequency, 48_000);
        if (frequency === own) expect(decibels(level / 0.15)).toBeLessThan(-30);
        else expect(decibels(level / Math.max(floor, 1e-5))).toBeGreaterThan(20);
      }
    }
  });

  it("takes less than 60 ms from RTP in to RTP out on a clean network", () => {
    const { join, speak, run, heard } = setup();
    join(1);
    join(2);
    // A click every half second; the first ones settle the buffer.
    const pcm = new Float32Array(48_000 * 6);
    for (let at = 24_000; at < pcm.length; at += 24_000) pcm.set(tone(1_000, 48_000, 480, 0.5), at);
    speak(1, pcm);
    run(300);
    const decoder = opus.createDecoder(48_000, 1);
    const out = new Float32Array(5_760);
    const delays: number[] = [];
    for (const { timestamp, bytes } of heard.get(2)!) {
      decoder.decode(bytes, 0, bytes.length, out, 0);
      const loud = out.subarray(0, 960).findIndex(sample => Math.abs(sample) > 0.1);
      // Packets come 8 ms before the tick of their number; the decoder of who listens is 6.5 ms behind.
      const at = timestamp / 48 + loud / 48 - 6.5 + 8;
      const since = (at - 500) % 500;
      if (loud >= 0 && timestamp > 144_000 && since < 250) delays.push(since);
    }
    console.info(`mixer: ${Math.max(...delays).toFixed(1)} ms from RTP in to RTP out`);
    expect(delays.length).toBeGreaterThan(3);
    expect(Math.max(...delays)).toBeLessThan(60);
  });

  it("encodes one mix for all who are silent, and one for each who is heard", () => {
    const { join, speak, run, assigned, encodedSince } = setup();
    for (let participant = 1; participant <= 40; participant++) join(participant);
    for (const [i, frequency] of FREQUENCIES.slice(0, 3).entries()) speak(i + 1, tone(frequency, 48_000, 48_000 * 30));
    run(20);
    expect(new Set(assigned.values()).size).toBe(4);
    const before = encodedSince();
    run(50);
    expect(encodedSince() - before).toBe(4 * 50);
  });

  it("gives who falls silent the common mix again, three seconds later", () => {
    const { join, speak, run, assigned } = setup();
    join(1);
    join(2);
    const shared = assigned.get(2);
    speak(1, tone(400, 48_000, 48_000));
    run(10);
    expect(assigned.get(1)).not.toBe(shared);
    run(180);
    expect(assigned.get(1)).not.toBe(shared);
    run(60);
    expect(assigned.get(1)).toBe(shared);
  });

  it("decodes the loudest only, and keeps to them while others are hardly louder", () => {
    const { join, speak, run, soundOf } = setup(2);
    for (const [i, frequency] of FREQUENCIES.slice(0, 4).entries()) {
      join(i + 1);
      speak(i + 1, tone(frequency, 48_000, 48_000 * 4), { level: [20, 22, 40, 23][i]! });
    }
    join(9);
    run(150);
    const [first, second, third, fourth] = loudnessOf(soundOf(9, 50));
    expect(Math.min(first!, second!)).toBeGreaterThan(0.1);
    expect(Math.max(third!, fourth!)).toBeLessThan(0.01);
    speak(3, tone(FREQUENCIES[2]!, 48_000, 48_000 * 4), { level: 5 });
    run(150);
    expect(loudnessOf(soundOf(9, 50))[2]).toBeGreaterThan(0.1);
  });

  it("sends next to nothing while nobody speaks, and timestamps that go on by the time gone", () => {
    const { join, speak, run, heard } = setup();
    join(1);
    join(2);
    run(500);
    expect(heard.get(2)!.length).toBeLessThanOrEqual(26);
    speak(1, tone(400, 48_000, 48_000));
    run(50);
    const packets = heard.get(2)!;
    for (const [i, { timestamp }] of packets.entries()) {
      if (i > 0) expect((timestamp - packets[i - 1]!.timestamp) % 960).toBe(0);
    }
    expect(packets.at(-1)!.timestamp).toBe(549 * 960);
  });

  it("is stereo where somebody is, with everybody in the middle or where they are", () => {
    const { join, speak, run, heard } = setup();
    for (const participant of [1, 2, 3]) join(participant);
    const left = tone(400, 48_000, 48_000 * 2);
    speak(
      1,
      Float32Array.from({ length: left.length * 2 }, (_, i) => (i % 2 ? 0 : left[i >> 1]!)),
      {
        encoder: opus.createEncoder({ rate: 48_000, channels: 2 }),
      },
    );
    speak(2, tone(1_000, 48_000, 48_000 * 2));
    run(100);
    const decoder = opus.createDecoder(48_000, 2);
    const out = new Float32Array(48_000 * 4);
    let samples = 0;
    for (const { bytes } of heard.get(3)!.slice(-50)) {
      expect(isStereoOpus(bytes, 0, bytes.length)).toBe(true);
      samples += decoder.decode(bytes, 0, bytes.length, out, samples * 2);
    }
    const [l, r] = [0, 1].map(channel =>
      out
        .subarray(0, samples * 2)
        .filter((_, i) => i % 2 === channel)
        .subarray(4_800),
    );
    expect(amplitudeAt(l!, 400, 48_000)).toBeGreaterThan(0.2);
    expect(amplitudeAt(r!, 400, 48_000)).toBeLessThan(0.03);
    expect(amplitudeAt(r!, 1_000, 48_000)).toBeGreaterThan(0.2);
  });

  it("mixes for telephones at their own rate", () => {
    const { join, speak, run, soundOf } = setup();
    join(1);
    join(2, { codec: "pcmu", rate: 8_000 });
    speak(1, tone(400, 48_000, 48_000 * 2));
    speak(2, tone(1_000, 8_000, 16_000), { encoder: opus.createEncoder({ rate: 8_000, channels: 1 }) });
    run(100);
    expect(amplitudeAt(soundOf(2, 50, createG711Decoder("pcmu")), 400, 8_000)).toBeGreaterThan(0.2);
    expect(amplitudeAt(soundOf(1, 50), 1_000, 48_000)).toBeGreaterThan(0.2);
  });

  it("takes packets of strangers, nonsense and sources that are gone without a word", () => {
    const { mixer, join, run } = setup();
    join(1);
    const packet = Uint8Array.of(3, 0, 0);
    for (const [number, codec] of [
      [99, "opus"],
      [16, "opus"],
      [16, "g722"],
    ] as [number, AudioCodecName][]) {
      mixer.push(number, codec, 1, 960, -1, packet, 0, 3, 0);
      run(5);
    }
    mixer.removeInput(16);
    mixer.removeInput(16);
    mixer.push(16, "opus", 2, 1_920, -1, packet, 0, 3, 0);
    mixer.removeListener(1);
    mixer.removeListener(1);
    run(5);
    mixer.close();
    mixer.close();
    mixer.addListener(5, 5, FULL_BAND);
    run(5);
  });
});
