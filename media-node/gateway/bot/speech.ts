/**
 * What a program says: PCM, as fast as it likes to send, played at the pace of sound and encoded by the mixer's thread into a
 * source of the room.
 * @module
 */
import type { SampleRate } from "../../codec/audio-codec.ts";
import { PCM_SAMPLE, pcmBytes, pcmLevel } from "../../codec/pcm.ts";
import type { MixEvents, MixHost, RoomMixer } from "../../mix/mix-host.ts";
import type { Source } from "../../room/source.ts";
import { createRtpHeader } from "../../rtp/rtp-header.ts";
import { PcmQueue } from "./pcm-queue.ts";

/** Sound that may wait (ms) before no more is read, and how much room there must be before reading goes on. */
const FULL = 30_000;
const ROOM = 1_000;
/** What may still come after that: the rest of what was read at once. */
const SLACK = 256 * 1024;
/** Sound is handed over in pieces of so many ms: a frame of 20 ms at 48 kHz is longer than a packet may be. */
const PIECE = 10;
const PIECE_UNITS = 480;
/** Sound that comes this late (ms) begins anew, behind silence; less is what networks do. */
const LATE = 60;
/** Silence, as RFC 6464 has it. */
const SILENT = 127;
/** Its only input and its only listener, by the mixer's numbers. Nobody's, so that it hears itself. */
const INPUT = 1;
const NOBODY = 0;

export interface SpeechOptions {
  readonly rate: SampleRate;
  readonly mixing: MixHost;
  /** Number of the participant that speaks. */
  readonly participant: number;
  /** Where it goes: undefined while there is no such source. */
  readonly source: () => Source | undefined;
  /** All that had come has been played. */
  readonly onPlayed: () => void;
}

export interface Speech {
  /** Whether so much waits that nothing more should be read. */
  readonly full: boolean;
  /** Whether enough of that was played to go on reading. */
  readonly ready: boolean;
  /** Sound (ms) that came and hasn't been played. */
  readonly waiting: number;
  /** @returns false when it is no whole number of samples, or far more than may wait */
  push(pcm: Uint8Array, now: number): boolean;
  clear(): void;
  /** Plays what is due. To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(): void;
}

const header = createRtpHeader();

export function createSpeech({ rate, mixing, participant, source, onPlayed }: SpeechOptions): Speech {
  const limit = pcmBytes(rate, FULL);
  const queue = new PcmQueue(limit + SLACK);
  const piece = Buffer.alloc(pcmBytes(rate, PIECE));
  let mixer: RoomMixer | undefined;
  let closed = false;
  let playing = false;
  let lastPush = 0;
  let nextPiece = 0;
  let timestamp = 0;
  let sequence = 0;
  let level = SILENT;
  let packets = 0;

  const events: MixEvents = {
    assigned() {},
    packet(_stream, at, bytes, offset, length, now) {
      packets = (packets + 1) & 0xffff;
      header.sequence = packets;
      header.timestamp = at;
      header.payloadOffset = offset;
      header.payloadLength = length;
      source()?.layers[0]?.receive(bytes, header, level, now, false);
    },
    lost() {
      mixer = undefined;
    },
  };

  function open(now: number): void {
    mixer = mixing.open(events, now);
    mixer?.addInput(INPUT, participant);
    mixer?.addListener(INPUT, NOBODY, { codec: "opus", rate });
  }

  function play(now: number): void {
    queue.take(piece);
    level = pcmLevel(piece, 0, piece.length);
    sequence = (sequence + 1) & 0xffff;
    if (source()?.open) mixer?.push(INPUT, "pcm", sequence, timestamp, level, piece, 0, piece.length, now);
    timestamp = (timestamp + PIECE_UNITS) >>> 0;
    nextPiece += PIECE;
  }

  return {
    get full() {
      return queue.length >= limit;
    },
    get ready() {
      return queue.length <= limit - pcmBytes(rate, ROOM);
    },
    get waiting() {
      return queue.length / pcmBytes(rate, 1);
    },
    push(pcm, now) {
      if (pcm.length % PCM_SAMPLE !== 0) return false;
      lastPush = now;
      return queue.push(pcm);
    },
    clear() {
      queue.clear();
    },
    tick(now) {
      if (closed) return;
      if (mixer === undefined) open(now);
      // A rest that isn't a piece waits for what belongs to it, as long as that may be on its way.
      const least = now - lastPush > LATE ? PCM_SAMPLE : piece.length;
      if (queue.length >= least && now - nextPiece > LATE) {
        timestamp = (timestamp + Math.round(Math.min(now - nextPiece, 0x3fff_ffff)) * (PIECE_UNITS / PIECE)) >>> 0;
        nextPiece = now;
      }
      while (queue.length >= least && nextPiece <= now) {
        playing = true;
        play(now);
      }
      if (queue.length > 0 || now - nextPiece < LATE) return;
      level = SILENT;
      if (playing) onPlayed();
      playing = false;
    },
    close() {
      if (closed) return;
      closed = true;
      queue.clear();
      mixer?.close();
    },
  };
}
