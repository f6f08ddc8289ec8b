/**
 * What telephones are told, as packets of Opus (20 ms each): whichever mixer plays them decodes them at the rate it needs. Made by
 * `scripts/prompts.ts`; a folder may hold other recordings.
 * @module
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MAX_ENCODED } from "../../codec/audio-codec.ts";
import { readOggOpus } from "../../codec/ogg-opus.ts";
import { loadOpus, type OpusFactory } from "../../codec/opus-audio.ts";
import { readWave, type Wave } from "../../codec/wave.ts";

export const CLIPS = [
  /** Enter the PIN, and #. */
  "pin",
  /** It was wrong. */
  "wrong-pin",
  /** It was wrong too often. */
  "locked",
  /** You are in. */
  "welcome",
  /** You are in, and nobody else is. */
  "alone",
  "room-full",
  /** There is none, or none any more. */
  "no-room",
  "removed",
  "muted",
  "unmuted",
  /** Music follows. */
  "please-hold",
  /** Music for who is held, played over and over. */
  "hold",
] as const;
export type ClipName = (typeof CLIPS)[number];
export const isClip = (name: string): name is ClipName => CLIPS.some(clip => clip === name);

/** What one says in a clip's 20 ms. */
export type Clip = readonly Uint8Array[];
export type Clips = Readonly<Record<ClipName, Clip>>;

const OURS = new URL("prompts/en/", import.meta.url);
const SUFFIX = ".wav";
/** Longest recording (s): it is kept in memory by each worker. */
const LONGEST = 600;

/** Recordings of a folder's own, by their clips' names. @throws Error that names the file that can't be used */
export async function readRecordings(folder: string): Promise<Map<ClipName, Wave>> {
  const recordings = new Map<ClipName, Wave>();
  if (folder === "") return recordings;
  for (const file of await readdir(folder)) {
    if (!file.endsWith(SUFFIX)) continue;
    const path = join(folder, file);
    const name = file.slice(0, -SUFFIX.length);
    if (!isClip(name)) throw new Error(`${path}: no prompt is called so; there are ${CLIPS.join(", ")}`);
    try {
      const wave = readWave(await readFile(path));
      if (wave.pcm.length > LONGEST * wave.rate) throw new Error(`lasts longer than ${LONGEST} s`);
      recordings.set(name, wave);
    } catch (error) {
      throw new Error(`${path} ${error instanceof Error ? error.message : error}`);
    }
  }
  return recordings;
}

function encoded(opus: OpusFactory, { rate, pcm }: Wave): Clip {
  const encoder = opus.createEncoder({ rate, channels: 1 });
  const out = new Uint8Array(MAX_ENCODED);
  const frame = new Float32Array(encoder.frame);
  const packets: Uint8Array[] = [];
  for (let at = 0; at < pcm.length; at += encoder.frame) {
    frame.fill(0);
    frame.set(pcm.subarray(at, at + encoder.frame));
    packets.push(out.slice(0, encoder.encode(frame, 0, out, 0)));
  }
  encoder.close();
  return packets;
}

/** @param folder of recordings; ours are played where it has none, or there is none ("") */
export async function loadClips(folder = ""): Promise<Clips> {
  const recordings = await readRecordings(folder);
  const opus = recordings.size > 0 ? await loadOpus() : undefined;
  const clips = CLIPS.map(async (name): Promise<[ClipName, Clip]> => {
    const own = recordings.get(name);
    return [name, own && opus ? encoded(opus, own) : readOggOpus(await readFile(new URL(`${name}.opus`, OURS)))];
  });
  return Object.fromEntries(await Promise.all(clips)) as Record<ClipName, Clip>;
}
