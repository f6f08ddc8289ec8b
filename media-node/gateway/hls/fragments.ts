/**
 * Fragmented MP4 (ISO/IEC 14496-12, -15; Opus in MP4): an initialization segment, and media segments behind it.
 * @module
 */
import type { PictureSize } from "./parameter-sets.ts";

/** Units a second of the two tracks. */
export const TIMESCALE = { video: 90_000, audio: 48_000 } as const;
export type Media = keyof typeof TIMESCALE;
const TRACK: Readonly<Record<Media, number>> = { video: 1, audio: 2 };

/** Sample flags: depends on no other, depends on others and is no point to begin at. */
const KEY = 0x0200_0000;
const DELTA = 0x0101_0000;

const IDENTITY = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/** One sample of a track. Times are units of the track's timescale. */
export interface Sample {
  readonly bytes: Buffer;
  readonly time: number;
  readonly duration: number;
  readonly key: boolean;
}

export interface VideoConfig extends PictureSize {
  readonly sps: Buffer;
  readonly pps: Buffer;
}

const u8 = (...values: number[]): Buffer => Buffer.from(values);
function u16(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 2);
  for (const [i, value] of values.entries()) out.writeUInt16BE(value, i * 2);
  return out;
}
function u32(...values: number[]): Buffer {
  const out = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) out.writeUInt32BE(value >>> 0, i * 4);
  return out;
}
function u64(value: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(BigInt(value));
  return out;
}
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);

function box(type: string, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(8 + body.length), Buffer.from(type, "latin1"), body]);
}
const fullBox = (type: string, version: number, flags: number, ...parts: Buffer[]): Buffer =>
  box(type, u32((version << 24) | flags), ...parts);

function avcEntry({ width, height, sps, pps }: VideoConfig): Buffer {
  const profile = sps.subarray(1, 4);
  const config = box("avcC", ...[u8(1), profile, u8(0xff, 0xe1), u16(sps.length), sps, u8(1), u16(pps.length), pps]);
  const look = [zeros(16), u16(width, height), u32(0x48_0000, 0x48_0000, 0), u16(1), zeros(32), u16(24, 0xffff)];
  return box("avc1", zeros(6), u16(1), ...look, config);
}

function opusEntry(): Buffer {
  const config = box("dOps", u8(0, 2), u16(312), u32(48_000), u16(0), u8(0));
  return box("Opus", zeros(6), u16(1), zeros(8), u16(2, 16, 0, 0), u32(48_000 * 65_536), config);
}

function track(media: Media, entry: Buffer, { width, height }: PictureSize): Buffer {
  const id = TRACK[media];
  const isVideo = media === "video";
  const handler = Buffer.from(isVideo ? "vide" : "soun", "latin1");
  return box(
    "trak",
    fullBox(
      "tkhd",
      0,
      3,
      ...[u32(0, 0, id, 0, 0), zeros(8), u16(0, 0, isVideo ? 0 : 0x100, 0), u32(...IDENTITY)],
      u32(width * 65_536, height * 65_536),
    ),
    box(
      "mdia",
      fullBox("mdhd", 0, 0, u32(0, 0, TIMESCALE[media], 0), u16(0x55c4, 0)),
      fullBox("hdlr", 0, 0, u32(0), handler, zeros(13)),
      box(
        "minf",
        isVideo ? fullBox("vmhd", 0, 1, zeros(8)) : fullBox("smhd", 0, 0, zeros(4)),
        box("dinf", fullBox("dref", 0, 0, u32(1), fullBox("url ", 0, 1))),
        box(
          "stbl",
          fullBox("stsd", 0, 0, u32(1), entry),
          ...["stts", "stsc", "stco"].map(type => fullBox(type, 0, 0, u32(0))),
          fullBox("stsz", 0, 0, u32(0, 0)),
        ),
      ),
    ),
  );
}

/** The segment that decoders begin with. */
export function initSegment(video: VideoConfig): Buffer {
  const header = [u32(0, 0, 1_000, 0, 0x1_0000), u16(0x100), zeros(10), u32(...IDENTITY), zeros(24), u32(3)];
  const extend = ([1, 2] as const).map(id => fullBox("trex", 0, 0, u32(id, 1, 0, 0, 0)));
  return Buffer.concat([
    box("ftyp", Buffer.from("iso5\0\0\x02\0iso5iso6mp41", "latin1")),
    box(
      "moov",
      fullBox("mvhd", 0, 0, ...header),
      track("video", avcEntry(video), video),
      track("audio", opusEntry(), { width: 0, height: 0 }),
      box("mvex", ...extend),
    ),
  ]);
}

function fragment(media: Media, samples: readonly Sample[], dataOffset: number): Buffer {
  const rows = samples.map(({ duration, bytes, key }) => u32(duration, bytes.length, key ? KEY : DELTA));
  return box(
    "traf",
    fullBox("tfhd", 0, 0x02_0000, u32(TRACK[media])),
    fullBox("tfdt", 1, 0, u64(samples[0]?.time ?? 0)),
    // Data offset; duration, size and flags of every sample.
    fullBox("trun", 0, 0x701, u32(samples.length, dataOffset), ...rows),
  );
}

/** A media segment: what both tracks have of one stretch of time. A track without samples is left out. */
export function mediaSegment(sequence: number, tracks: Readonly<Record<Media, readonly Sample[]>>): Buffer {
  const used = (["video", "audio"] as const).filter(media => tracks[media].length > 0);
  const data = Buffer.concat(used.flatMap(media => tracks[media].map(({ bytes }) => bytes)));
  const write = (start: number): Buffer => {
    let at = start;
    const fragments = used.map(media => {
      const written = fragment(media, tracks[media], at);
      for (const { bytes } of tracks[media]) at += bytes.length;
      return written;
    });
    return box("moof", fullBox("mfhd", 0, 0, u32(sequence)), ...fragments);
  };
  // Offsets count from the box that holds them, whose length they don't change.
  const head = write(write(0).length + 8);
  return Buffer.concat([head, box("mdat", data)]);
}
