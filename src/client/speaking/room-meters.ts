import type { Room } from "../types.ts";
import { createDetector } from "./detector.ts";
import { type Meter, meterReceiver, meterTrack } from "./meter.ts";

interface Heard {
  readonly meter: Meter;
  readonly detect: (level: number) => boolean;
}

/** Meters for the sounds of a room, made and dropped as tracks come and go. */
export interface RoomMeters {
  /** Measure these tracks, and only these, once: what is spoken now, with its level. */
  read(tracks: Iterable<MediaStreamTrack>): Map<MediaStreamTrack, { level: number; speaking: boolean }>;
  close(): void;
}

/** Keep meters for tracks of `room`; those that arrive are measured at their receivers. */
export function createRoomMeters(room: Room): RoomMeters {
  const heard = new Map<MediaStreamTrack, Heard>();

  const open = (track: MediaStreamTrack): Heard => {
    const receivers = room.connections.flatMap(({ connection }) => connection.getReceivers());
    const receiver = receivers.find(receiver => receiver.track === track);
    const made = { meter: receiver ? meterReceiver(receiver) : meterTrack(track), detect: createDetector() };
    heard.set(track, made);
    return made;
  };
  const keepOnly = (wanted: ReadonlySet<MediaStreamTrack>): void => {
    for (const [track, { meter }] of heard) {
      if (wanted.has(track)) continue;
      meter.close();
      heard.delete(track);
    }
  };
  return {
    read(tracks) {
      const wanted = new Set(tracks);
      keepOnly(wanted);
      const readings = new Map<MediaStreamTrack, { level: number; speaking: boolean }>();
      for (const track of wanted) {
        const { meter, detect } = heard.get(track) ?? open(track);
        const level = meter.read();
        readings.set(track, { level, speaking: detect(level) });
      }
      return readings;
    },
    close: () => keepOnly(new Set()),
  };
}
