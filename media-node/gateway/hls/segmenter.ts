/**
 * From pictures and sound to segments, a live playlist and the removal of what left it. Sans-I/O: what is to be written is handed
 * to a store.
 * @module
 */
import { initSegment, type Media, mediaSegment, type Sample, TIMESCALE } from "./fragments.ts";
import type { VideoFrame } from "./h264-frames.ts";
import { pictureSize } from "./parameter-sets.ts";
import { playlistText, type Segment } from "./playlist.ts";

/** A segment is ended by the first key frame behind so many seconds. */
const LENGTH = 4;
/** A live playlist holds so many target durations at least (RFC 8216 §6.2.2): Chromium takes no shorter one. */
const LEAST = 3;
/** Segments in the playlist otherwise, and how many more are kept: as long as the playlist that a player may have read last. */
const LISTED = 6;
/** And in no case more: one of many minutes, and then many of no length at all, would fill playlist and disk. */
const MAX_LISTED = 64;
const KEPT = 8;
/** More seconds than this without a picture are a gap, behind which all begins anew. */
const MAX_GAP = 3;
/** Bytes and samples of a segment at most: then it is given up, and the next key frame begins another. */
const MAX_SEGMENT = 64 * 1024 * 1024;
const MAX_SAMPLES = 16_384;
/** Sound this far (ms) from where it should be is put there; less is what clocks and networks do. */
const MAX_SKEW = 60;

export const PLAYLIST = "index.m3u8";

/** Takes files of one broadcast. Later calls may overtake none of the earlier. */
export interface SegmentStore {
  write(name: string, bytes: Buffer | string): void;
  remove(name: string): void;
}

export interface Segmenter {
  /** A picture, captured at `time` (ms). */
  video(frame: VideoFrame, time: number): void;
  /** An Opus packet of so many units of 48 kHz, captured at `time` (ms). */
  audio(bytes: Buffer, duration: number, time: number): void;
  /** Whether a key frame is wanted, to end a segment with. */
  readonly wantsKeyFrame: boolean;
  /** Ends the broadcast: what waits is written, the playlist says so. Idempotent. */
  close(): void;
}

interface Pending {
  readonly frame: VideoFrame;
  readonly time: number;
}

/** @param label begins the names of all files but the playlist's */
export function createSegmenter(store: SegmentStore, label: string): Segmenter {
  const listed: Segment[] = [];
  const kept: Segment[] = [];
  let sequence = 0;
  let discontinuities = 0;
  let written = 0;
  let inits = 0;
  let init = "";
  let config = "";
  let discontinuous = false;
  let target = LENGTH + 1;
  /** Time (ms) that both tracks count from; undefined before the first key frame. */
  let origin: number | undefined;
  let pending: Pending | undefined;
  let samples: Record<Media, Sample[]> = { video: [], audio: [] };
  let bytes = 0;
  let began = 0;
  let audioEnd = 0;
  let published = false;
  let closed = false;

  const units = (media: Media, time: number): number =>
    Math.max(0, Math.round(((time - (origin ?? time)) * TIMESCALE[media]) / 1_000));

  const enough = (segments: readonly Segment[]): boolean =>
    segments.reduce((sum, { duration }) => sum + duration, 0) >= LEAST * target;

  function publish(): void {
    published ||= enough(listed) || closed;
    if (!published) return;
    store.write(PLAYLIST, playlistText({ segments: listed, sequence, discontinuities, target, ended: closed }));
  }

  function drop(): void {
    while (listed.length > LISTED && (listed.length > MAX_LISTED || enough(listed.slice(1)))) {
      const old = listed.shift()!;
      sequence++;
      if (old.discontinuous) discontinuities++;
      kept.push(old);
    }
    while (kept.length > KEPT) {
      const old = kept.shift()!;
      store.remove(old.name);
      const needed = [...kept, ...listed].some(segment => segment.init === old.init);
      if (!needed && old.init !== init) store.remove(old.init);
    }
  }

  /** Writes what was gathered; it ends at `end` (ms). */
  function cut(end: number): void {
    const duration = (end - began) / 1_000;
    const tracks = samples;
    samples = { video: [], audio: [] };
    bytes = 0;
    began = end;
    if (tracks.video.length === 0) return;
    const name = `${label}-${++written}.m4s`;
    store.write(name, mediaSegment(written, tracks));
    listed.push({ name, duration, init, discontinuous });
    discontinuous = false;
    target = Math.max(target, Math.ceil(duration));
    drop();
    publish();
  }

  const isFull = (): boolean => bytes > MAX_SEGMENT || samples.video.length + samples.audio.length > MAX_SAMPLES;

  /** Nothing that follows continues what was. */
  function breakOff(): void {
    if (pending !== undefined) {
      settle(pending.time + 40);
      cut(pending.time + 40);
    }
    pending = undefined;
    origin = undefined;
    samples = { video: [], audio: [] };
    bytes = 0;
    discontinuous = written > 0;
  }

  /** The waiting picture lasts until `end` (ms). */
  function settle(end: number): void {
    const { frame, time } = pending!;
    const at = units("video", time);
    samples.video.push({
      bytes: frame.bytes,
      time: at,
      duration: Math.max(1, units("video", end) - at),
      key: frame.key,
    });
    bytes += frame.bytes.length;
  }

  /** @returns false for parameters that make no sense */
  function begin(frame: VideoFrame, time: number): boolean {
    const size = pictureSize(frame.sps);
    if (size === undefined) return false;
    origin = time;
    began = time;
    audioEnd = 0;
    config = configOf(frame);
    init = `${label}-init-${++inits}.mp4`;
    store.write(init, initSegment({ ...size, sps: frame.sps, pps: frame.pps }));
    return true;
  }

  return {
    video(frame, time) {
      if (closed) return;
      const gap = pending === undefined ? 0 : (time - pending.time) / 1_000;
      const other = frame.key && origin !== undefined && configOf(frame) !== config;
      if (gap < 0 || gap > MAX_GAP || other || isFull()) breakOff();
      if (origin === undefined && (!frame.key || !begin(frame, time))) return;
      if (pending !== undefined) settle(time);
      if (frame.key && time - began >= LENGTH * 1_000) cut(time);
      pending = { frame, time };
    },
    audio(packet, duration, time) {
      if (closed || origin === undefined || time < origin) return;
      // Whoever has turned the camera off may leave it so for hours: no sound is gathered for a picture that may never come.
      if (pending !== undefined && time - pending.time > MAX_GAP * 1_000) {
        breakOff();
        return;
      }
      const should = units("audio", time);
      const skew = ((should - audioEnd) / TIMESCALE.audio) * 1_000;
      if (skew < -MAX_SKEW) return;
      const at = skew > MAX_SKEW ? should : audioEnd;
      const last = samples.audio.at(-1);
      // A pause of the source: the packet before it lasts as long.
      if (last !== undefined && at > last.time + last.duration) {
        samples.audio[samples.audio.length - 1] = { ...last, duration: at - last.time };
      }
      samples.audio.push({ bytes: packet, time: at, duration, key: true });
      bytes += packet.length;
      audioEnd = at + duration;
    },
    get wantsKeyFrame() {
      return origin !== undefined && pending !== undefined && pending.time - began >= (LENGTH - 0.3) * 1_000;
    },
    close() {
      if (closed) return;
      breakOff();
      closed = true;
      publish();
    },
  };
}

const configOf = ({ sps, pps }: VideoFrame): string => `${sps.toString("base64")} ${pps.toString("base64")}`;
