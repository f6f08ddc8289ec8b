/**
 * Packets as records of a {@link SharedQueue}: fixed fields, then the payload.
 * @module
 */
import { AUDIO_CODECS, type AudioCodecName } from "../codec/audio-codec.ts";
import type { SharedQueue } from "./shared-queue.ts";

const INPUT_HEADER = 24;
const MIX_HEADER = 13;
const UNKNOWN_LEVEL = 255;

/** An input's packet, as read. One record is reused. */
export interface InputPacket {
  room: number;
  input: number;
  codec: AudioCodecName;
  sequence: number;
  timestamp: number;
  /** -1 unknown. */
  level: number;
  /** When it came (ms). */
  at: number;
  offset: number;
  length: number;
}

export const createInputPacket = (): InputPacket => ({
  room: 0,
  input: 0,
  codec: "opus",
  sequence: 0,
  timestamp: 0,
  level: -1,
  at: 0,
  offset: 0,
  length: 0,
});

/** Writes an input's packet. @returns false when there was no room */
export function writeInput(
  queue: SharedQueue,
  room: number,
  input: number,
  codec: AudioCodecName,
  sequence: number,
  timestamp: number,
  level: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  now: number,
): boolean {
  const at = queue.open(INPUT_HEADER + length);
  if (at < 0) return false;
  const { view } = queue;
  view.setFloat64(at, now);
  view.setUint32(at + 8, room);
  view.setUint32(at + 12, input);
  view.setUint32(at + 16, timestamp);
  view.setUint16(at + 20, sequence);
  view.setUint8(at + 22, AUDIO_CODECS.indexOf(codec));
  view.setUint8(at + 23, level < 0 ? UNKNOWN_LEVEL : level);
  for (let i = 0; i < length; i++) queue.bytes[at + INPUT_HEADER + i] = bytes[offset + i]!;
  queue.commit();
  return true;
}

/** Reads the next input's packet, of which nothing may be kept after the queue's `release`. @returns false when there is none */
export function readInput(queue: SharedQueue, out: InputPacket): boolean {
  const at = queue.next();
  if (at < 0) return false;
  const { view } = queue;
  out.at = view.getFloat64(at);
  out.room = view.getUint32(at + 8);
  out.input = view.getUint32(at + 12);
  out.timestamp = view.getUint32(at + 16);
  out.sequence = view.getUint16(at + 20);
  out.codec = AUDIO_CODECS[view.getUint8(at + 22)]!;
  const level = view.getUint8(at + 23);
  out.level = level === UNKNOWN_LEVEL ? -1 : level;
  out.offset = at + INPUT_HEADER;
  out.length = queue.lengthAt(at) - INPUT_HEADER;
  return true;
}

/** A mix's packet, as read. One record is reused. */
export interface MixPacket {
  room: number;
  stream: number;
  timestamp: number;
  level: number;
  offset: number;
  length: number;
}

export const createMixPacket = (): MixPacket => ({ room: 0, stream: 0, timestamp: 0, level: 0, offset: 0, length: 0 });

/** Writes a mix's packet. @returns false when there was no room */
export function writeMix(
  queue: SharedQueue,
  room: number,
  stream: number,
  timestamp: number,
  level: number,
  bytes: Uint8Array,
  length: number,
): boolean {
  const at = queue.open(MIX_HEADER + length);
  if (at < 0) return false;
  const { view } = queue;
  view.setUint32(at, room);
  view.setUint32(at + 4, stream);
  view.setUint32(at + 8, timestamp);
  view.setUint8(at + 12, level);
  for (let i = 0; i < length; i++) queue.bytes[at + MIX_HEADER + i] = bytes[i]!;
  queue.commit();
  return true;
}

/** Reads the next mix's packet, of which nothing may be kept after the queue's `release`. @returns false when there is none */
export function readMix(queue: SharedQueue, out: MixPacket): boolean {
  const at = queue.next();
  if (at < 0) return false;
  const { view } = queue;
  out.room = view.getUint32(at);
  out.stream = view.getUint32(at + 4);
  out.timestamp = view.getUint32(at + 8);
  out.level = view.getUint8(at + 12);
  out.offset = at + MIX_HEADER;
  out.length = queue.lengthAt(at) - MIX_HEADER;
  return true;
}
