/**
 * A telephone's voice as the room hears it: through a jitter buffer, with what got lost made up, encoded to Opus by the
 * mixer's thread.
 * @module
 */
import { pcmLevel } from "../../codec/pcm.ts";
import type { MixFormat } from "../../mix/mix-format.ts";
import type { MixEvents, MixHost, RoomMixer } from "../../mix/mix-host.ts";
import type { Source } from "../../room/source.ts";
import { createRtpHeader } from "../../rtp/rtp-header.ts";
import { type LegCodec, SPOKEN } from "./formats.ts";

/** Its only input, and its listeners by the mixer's numbers: one encodes, the other tells how loud it is. */
const INPUT = 1;
const ENCODED = 1;
const MEASURED = 2;
const NOBODY = 0;
const SPEAKER = 1;
/** Silence, as RFC 6464 has it. */
const SILENT = 127;

/** A telephone that changes its rate is given another mixer once in so long (ms) at most: opening one is dear. */
const SETTLED = 1_000;

/** The lowest rate that the codec's decoder has. */
const measuredFormat = (codec: LegCodec): MixFormat => ({ codec: "pcm", rate: codec === "g722" ? 16_000 : 8_000 });

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
  let measured = -1;
  let level = SILENT;
  let sequence = 0;
  let openedAt = Number.NEGATIVE_INFINITY;
  let closed = false;

  const events: MixEvents = {
    assigned(listener, stream) {
      if (listener === MEASURED) measured = stream;
    },
    packet(stream, timestamp, bytes, offset, length, now) {
      if (stream === measured) {
        level = pcmLevel(bytes, offset, length);
        return;
      }
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
    measured = -1;
    spoken = codec;
    openedAt = now;
    mixer = mixing.open(events, now);
    mixer?.addInput(INPUT, SPEAKER);
    mixer?.addListener(MEASURED, NOBODY, measuredFormat(codec));
    mixer?.addListener(ENCODED, NOBODY, SPOKEN[codec]);
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
