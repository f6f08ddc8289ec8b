/**
 * Who speaks, and how loud.
 * @module
 */
import { createDetector } from "./speaking/detector.ts";
import { everyTick, meterReceiver, meterTrack } from "./speaking/meter.ts";
import { createRoomMeters } from "./speaking/room-meters.ts";
import type { Room, SourceView } from "./types.ts";

export interface Level {
  /** 0 to 1, in equal steps to the ear: from -60 dBFS to full scale. */
  readonly level: number;
  readonly speaking: boolean;
}

interface WatchOptions {
  signal?: AbortSignal;
}

/** Call `listener` with the level of a track or receiver ten times a second; the result stops it. */
export function watchLevel(
  sound: MediaStreamTrack | RTCRtpReceiver,
  listener: (level: Level) => void,
  { signal }: WatchOptions = {},
): () => void {
  const meter = "track" in sound ? meterReceiver(sound) : meterTrack(sound);
  const detect = createDetector();
  const stop = everyTick(() => {
    const level = meter.read();
    listener({ level, speaking: detect(level) });
  }, signal);
  return () => {
    stop();
    meter.close();
  };
}

const isVoice = ({ kind, track }: SourceView): boolean => kind === "mic" && track?.readyState === "live";

/** Call `listener` with the ids of those who speak, loudest first, whenever these are others; the result stops it. */
export function watchSpeaking(
  room: Room,
  listener: (speakers: ReadonlySet<string>) => void,
  { signal }: WatchOptions = {},
): () => void {
  const meters = createRoomMeters(room);
  let before = "";
  const stop = everyTick(() => {
    const { you, participants, mix } = room.store.get();
    const owners = new Map<MediaStreamTrack, string>();
    for (const { pid, sources } of [you, ...participants]) {
      for (const source of sources) if (isVoice(source) && !source.muted && source.track) owners.set(source.track, pid);
    }
    const readings = [...meters.read(owners.keys())].filter(([, { speaking }]) => speaking);
    readings.sort(([, a], [, b]) => b.level - a.level);
    const speakers = new Set(readings.map(([track]) => owners.get(track) as string));
    // In a mix nobody has a track of their own: the node tells who speaks.
    for (const speaker of mix?.speakers ?? []) {
      const other = participants.find(({ number }) => number === speaker);
      if (other) speakers.add(other.pid);
    }
    const key = [...speakers].sort().join(" ");
    if (key === before) return;
    before = key;
    listener(speakers);
  }, signal);
  return () => {
    stop();
    meters.close();
  };
}

/** Call `listener` with true when one speaks into one's own muted microphone, and with false when that is over. */
export function watchSpeakingWhileMuted(
  room: Room,
  listener: (speaking: boolean) => void,
  { signal }: WatchOptions = {},
): () => void {
  const meters = createRoomMeters(room);
  let before = false;
  const stop = everyTick(() => {
    const muted = room.store.get().you.sources.filter(source => isVoice(source) && source.muted);
    const readings = meters.read(muted.map(({ track }) => track as MediaStreamTrack));
    const now = [...readings.values()].some(({ speaking }) => speaking);
    if (now === before) return;
    before = now;
    listener(now);
  }, signal);
  return () => {
    stop();
    meters.close();
  };
}
