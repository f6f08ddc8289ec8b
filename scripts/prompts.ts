/**
 * Makes what telephones are told: speech by Debian's flite, and the music of who is held, which is composed here. To be run by
 * hand when a text changes: `apt-get install flite`, then `node scripts/prompts.ts`.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MAX_ENCODED } from "../media-node/codec/audio-codec.ts";
import { loadOpus } from "../media-node/codec/opus-audio.ts";
import { readWave } from "../media-node/codec/wave.ts";
import { writeOggOpus } from "./lib/ogg-opus.ts";

const FOLDER = new URL("../media-node/gateway/leg/prompts/en/", import.meta.url);
const VOICE = "slt";
const RATE = 16_000;

const TEXTS = {
  pin: "Please enter your pin, and then press the hash key.",
  "wrong-pin": "That pin is wrong. Please try again.",
  locked: "Too many wrong attempts. Good bye.",
  welcome: "You are now in the room.",
  alone: "You are now in the room. Nobody else is here yet.",
  "room-full": "The room is full. Good bye.",
  "no-room": "There is no such room, or it has ended. Good bye.",
  removed: "You have been removed from the room. Good bye.",
  muted: "You have been muted.",
  unmuted: "You can be heard again.",
  "please-hold": "Please hold the line.",
} as const;

const decibels = (value: number): number => 10 ** (value / 20);
const rms = (pcm: Float32Array): number => Math.sqrt(pcm.reduce((sum, each) => sum + each * each, 0) / pcm.length);

/** So loud (RMS, never a peak above -3 dBFS). */
function levelled(pcm: Float32Array, level: number): Float32Array {
  const peak = pcm.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const gain = Math.min(decibels(level) / rms(pcm), decibels(-3) / peak);
  return pcm.map(each => each * gain);
}

/** Speech without the silence around it but 60 ms. */
function trimmed(pcm: Float32Array): Float32Array {
  const quiet = decibels(-40);
  const margin = RATE * 0.06;
  const first = pcm.findIndex(each => Math.abs(each) > quiet);
  const last = pcm.findLastIndex(each => Math.abs(each) > quiet);
  return pcm.slice(Math.max(0, first - margin), last + margin);
}

function spoken(text: string): Float32Array {
  const folder = mkdtempSync(join(tmpdir(), "tandem-prompts-"));
  try {
    const file = join(folder, "spoken.wav");
    execFileSync("flite", ["-voice", VOICE, "-t", text, "-o", file]);
    const { rate, pcm } = readWave(readFileSync(file));
    if (rate !== RATE) throw new Error(`${VOICE} speaks at ${rate} Hz`);
    return levelled(trimmed(pcm), -20);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const BEAT = 0.75;
/** Chords by the half tones of their notes above middle C, a bar each: a row that leads back to its beginning. */
const CHORDS = [
  [0, 4, 7, 11],
  [-3, 4, 7, 12],
  [-7, 5, 9, 12],
  [-5, 5, 7, 11],
  [-8, 4, 7, 11],
  [-3, 4, 9, 12],
  [-10, 2, 5, 9],
  [-5, 2, 5, 7],
];
/** Which of a chord's notes is plucked on each half beat of a bar. */
const ROW = [0, 1, 2, 3, 2, 1, 2, 3];

/** Plucked chords. What rings on at the end does so into the beginning: played over and over they have no seam. */
function music(): Float32Array {
  const bar = 4 * BEAT * RATE;
  const pcm = new Float32Array(CHORDS.length * bar);
  for (const [number, chord] of CHORDS.entries()) {
    for (const [place, which] of ROW.entries()) {
      const start = Math.round(number * bar + (place * BEAT * RATE) / 2);
      const pitch = 261.63 * 2 ** ((chord[which] ?? 0) / 12);
      for (let i = 0; i < 3 * RATE; i++) {
        const time = i / RATE;
        let sample = 0;
        for (let harmonic = 1; harmonic < 6; harmonic++) {
          sample +=
            (Math.sin(2 * Math.PI * pitch * harmonic * time) * Math.exp(-time * (1 + harmonic))) / harmonic ** 1.5;
        }
        const at = (start + i) % pcm.length;
        pcm[at] = (pcm[at] ?? 0) + sample * Math.min(1, time / 0.006);
      }
    }
  }
  return levelled(pcm, -22);
}

const opus = await loadOpus();

/** @param loops encode it as it is when it has just been played: only then nothing is heard where it begins anew */
function encoded(pcm: Float32Array, loops: boolean): Uint8Array[] {
  const encoder = opus.createEncoder({
    ...{ rate: RATE, channels: 1, complexity: 10, bitrate: loops ? 32_000 : 24_000 },
    ...(!loops && { expectedLoss: 1 }),
  });
  const out = new Uint8Array(MAX_ENCODED);
  const packets: Uint8Array[] = [];
  const frame = new Float32Array(encoder.frame);
  for (let round = 0; round < (loops ? 2 : 1); round++) {
    packets.length = 0;
    for (let at = 0; at < pcm.length; at += encoder.frame) {
      frame.fill(0);
      frame.set(pcm.subarray(at, at + encoder.frame));
      packets.push(out.slice(0, encoder.encode(frame, 0, out, 0)));
    }
  }
  encoder.close();
  return packets;
}

function write(name: string, pcm: Float32Array, loops: boolean): void {
  const file = writeOggOpus(encoded(pcm, loops), RATE);
  writeFileSync(new URL(`${name}.opus`, FOLDER), file);
  const peak = pcm.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const level = (value: number): string => (20 * Math.log10(value)).toFixed(1);
  console.log(
    `${name}: ${(pcm.length / RATE).toFixed(1)} s, ${level(rms(pcm))} dBFS, peak ${level(peak)}, ${file.length} bytes`,
  );
}

for (const [name, text] of Object.entries(TEXTS)) write(name, spoken(text), false);
write("hold", music(), true);
