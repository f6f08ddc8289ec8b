/**
 * A telephone's voice as the room hears it: through a jitter buffer, with what got lost made up, encoded to Opus by the
 * mixer's thread.
 * @module
 */
import { SILENT_LEVEL } from "../../codec/pcm.ts";
import type { MixEvents, MixHost, RoomMixer } from "../../mix/mix-host.ts";
import type { Source } from "../../room/source.ts";
import { createRtpHeader } from "../../rtp/rtp-header.ts";
import { type LegCodec, SPOKEN } from "./formats.ts";

/** Its only input and its only listener, by the mixer's numbers. */
const INPUT = 1;
const LISTENER = 1;
const NOBODY = 0;
const SPEAKER = 1;
/** A telephone that changes its rate is given another mixer once in so long (ms) at most: opening one is dear. */
const SETTLED = 1_000;

export interface Voice {
  /** Takes a packet's payload, of which nothing is kept. */
  push(
    codec: LegCodec,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: number,
  ): void;
  /** Idempotent. */
  close(): void;
}

const header = createRtpHeader();

/** @param source where it goes: undefined while there is no such source */
export function createVoice(mixing: MixHost, source: () => Source | undefined): Voice {
  let mixer: RoomMixer | undefined;
  let spoken: LegCodec | undefined;
  let level = SILENT_LEVEL;
  let sequence = 0;
  let openedAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  const events: MixEvents = {
    assigned() {},
    packet(_stream, timestamp, bytes, offset, length, now, loud) {
      level = loud;
      sequence = (sequence + 1) & 0xffff;
      header.sequence = sequence;
      header.timestamp = timestamp;
      header.payloadOffset = offset;
      header.payloadLength = length;
      source()?.layers[0]?.receive(bytes, header, level, now, false);
    },
    lost() {
      mixer = undefined;
    },
  };

  /** One mixer for each rate: the room is given no more than a telephone has. */
  function open(codec: LegCodec, now: number): void {
    mixer?.close();
    spoken = codec;
    openedAt = now;
    mixer = mixing.open(events, now);
    mixer?.addInput(INPUT, SPEAKER);
    mixer?.addListener(LISTENER, NOBODY, SPOKEN[codec]);
  }

  return {
    push(codec, number, timestamp, bytes, offset, length, now) {
      if (closed || source()?.open !== true) return;
      const isOther = spoken === undefined || SPOKEN[spoken].rate !== SPOKEN[codec].rate;
      if (isOther && now - openedAt < SETTLED) return;
      if (mixer === undefined || isOther) open(codec, now);
      mixer?.push(INPUT, codec, number, timestamp, level, bytes, offset, length, now);
    },
    close() {
      if (closed) return;
      closed = true;
      mixer?.close();
    },
  };
}
