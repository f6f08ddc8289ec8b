import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readOggOpus } from "../../codec/ogg-opus.ts";
import { loadOpus } from "../../codec/opus-audio.ts";
import { readWave } from "../../codec/wave.ts";
import { FUZZ_TIMEOUT, fuzz } from "../../testing/fuzz.ts";
import { amplitudeAt, decibels, loudness, tone } from "../../testing/tones.ts";
import { CLIPS, type Clip, loadClips } from "./clips.ts";

const RATE = 16_000;
const opus = await loadOpus();

function decoded(clip: Clip): Float32Array {
  const decoder = opus.createDecoder(RATE, 1);
  const out = new Float32Array(RATE / 50);
  const parts = clip.map(packet => {
    expect(decoder.decode(packet, 0, packet.length, out, 0)).toBe(out.length);
    return [...out];
  });
  decoder.close();
  return Float32Array.from(parts.flat());
}

/** A WAVE file, with a chunk that nobody knows before its sound. */
function wave(rate: number, pcm: Float32Array, channels = 1): Buffer {
  const header = Buffer.alloc(48);
  header.write("RIFF");
  header.writeUInt32LE(40 + 2 * pcm.length, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  for (const [at, value] of [1, channels, rate & 0xffff, rate >> 16, 0, 0, 2 * channels, 16].entries())
    header.writeUInt16LE(value, 20 + 2 * at);
  header.write("LIST", 36);
  header.writeUInt32LE(3, 40);
  const data = Buffer.alloc(8 + 2 * pcm.length);
  data.write("data");
  data.writeUInt32LE(2 * pcm.length, 4);
  for (const [i, sample] of pcm.entries()) data.writeInt16LE(Math.round(sample * 32_767), 8 + 2 * i);
  return Buffer.concat([header, data]);
}

describe("what telephones are told", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "tandem-clips-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is there for every occasion, short, and of one loudness; music is quieter", async () => {
    const clips = await loadClips();
    for (const name of CLIPS) {
      const pcm = decoded(clips[name]);
      const level = decibels(loudness(pcm));
      expect(level, name).toBeGreaterThan(name === "hold" ? -24 : -22);
      expect(level, name).toBeLessThan(name === "hold" ? -20 : -18);
      if (name !== "hold") expect(pcm.length / RATE, name).toBeLessThan(4);
      expect(
        pcm.findIndex(sample => Math.abs(sample) > 0.95),
        name,
      ).toBe(-1);
    }
  });

  it("is somebody's own recordings where there are some", async () => {
    await writeFile(join(folder, "pin.wav"), wave(8_000, tone(440, 8_000, 8_000)));
    await writeFile(join(folder, "hold.wav"), wave(48_000, tone(1_000, 48_000, 24_000)));
    await writeFile(join(folder, "LICENSE.txt"), "anything");
    const [own, ours] = await Promise.all([loadClips(folder), loadClips()]);
    expect(own.pin).toHaveLength(50);
    expect(amplitudeAt(decoded(own.pin).subarray(RATE / 2), 440, RATE)).toBeGreaterThan(0.2);
    expect(amplitudeAt(decoded(own.hold).subarray(RATE / 4), 1_000, RATE)).toBeGreaterThan(0.2);
    expect(own.welcome).toEqual(ours.welcome);
  });

  it.each([
    ["pin.wav", wave(44_100, tone(440, 44_100, 100)), "pin.wav is to be 16-bit PCM, mono, at 8000, 16000 or 48000 Hz"],
    ["pin.wav", wave(8_000, tone(440, 8_000, 100), 2), "not 16-bit, 2, 8000 Hz"],
    ["hold.wav", Buffer.from("ID3"), "hold.wav is no WAVE file"],
    ["hold.wav", wave(8_000, new Float32Array(1)).subarray(0, 40), "hold.wav has no sound in it"],
    ["hallo.wav", wave(8_000, new Float32Array(1)), "hallo.wav: no prompt is called so; there are pin,"],
  ])("is refused at the start where %s can't be played", async (name, bytes, error) => {
    const bad = await mkdtemp(join(folder, "bad-"));
    await writeFile(join(bad, name), bytes);
    await expect(loadClips(bad)).rejects.toThrow(error);
  });

  it("is read from files of any kind without a stall", { timeout: FUZZ_TIMEOUT }, () => {
    const page = Buffer.alloc(28 + 8, 1);
    page.write("OggS");
    page[26] = 1;
    page[27] = 8;
    page.write("OpusHead", 28);
    const samples = [wave(8_000, tone(440, 8_000, 20)), page];
    fuzz(samples, bytes => {
      for (const read of [readWave, readOggOpus]) {
        try {
          read(bytes);
        } catch (error) {
          expect(error).toHaveProperty("message", expect.stringMatching(/^(is|has|ends)/));
        }
      }
    });
  });
});
