/**
 * What an encoder shows: H.264 in FLV's tags, made packets of a source.
 * @module
 */
import { randomInt } from "node:crypto";
import type { Source } from "../../room/source.ts";
import { NO_LEVEL } from "../../rtp/header-extensions.ts";
import { createRtpHeader } from "../../rtp/rtp-header.ts";
import { type AvcConfiguration, createAvcPacketizer, readAvcConfiguration } from "./avc.ts";
import { readVideoTag } from "./flv.ts";

/** Bytes of a payload: what a path carries everywhere, with room for what packets get on their way. */
const MAX_PAYLOAD = 1_180;
/** RTP's ticks in a millisecond. */
const CLOCK = 90;

export interface Picture {
  /**
   * Takes a message. Its bytes are written to.
   * @returns why the encoder can't go on so, where it can't
   */
  push(bytes: Buffer, length: number, timestamp: number, now: number): string | undefined;
  /** Frames that were left out: malformed, or before their parameter sets. */
  readonly dropped: number;
}

const header = createRtpHeader();
const packetizer = createAvcPacketizer(MAX_PAYLOAD);

/** @param source where it goes: undefined while there is no such source */
export function createPicture(source: () => Source | undefined): Picture {
  const ssrc = randomInt(2 ** 32);
  let configuration: AvcConfiguration | undefined;
  let sequence = randomInt(2 ** 15);
  let dropped = 0;
  /** Times (ms) of the frame before, when it was sent and when it is shown. */
  let before: { sent: number; shown: number } | undefined;

  /** A frame that is shown before one that was sent before it: WebRTC has no place for such. */
  function isReordered(sent: number, shown: number): boolean {
    const goesOn = before !== undefined && ((sent - before.sent) | 0) >= 0;
    const reordered = goesOn && ((shown - before!.shown) | 0) < 0;
    before = { sent, shown };
    return reordered;
  }

  function send(bytes: Buffer, offset: number, length: number, shown: number, now: number): boolean {
    const layer = source()?.layers[0];
    if (configuration === undefined) return false;
    layer?.useSsrc(ssrc, now);
    header.ssrc = ssrc;
    header.timestamp = (shown * CLOCK) >>> 0;
    return packetizer.packetize(configuration, bytes, offset, length, (payload, at, size, last) => {
      header.marker = last;
      header.sequence = sequence;
      header.payloadOffset = at;
      header.payloadLength = size;
      sequence = (sequence + 1) & 0xffff;
      layer?.receive(payload, header, NO_LEVEL, now, false);
    });
  }

  return {
    get dropped() {
      return dropped;
    },
    push(bytes, length, timestamp, now) {
      const tag = readVideoTag(bytes, length);
      if (tag.kind === "foreign") return `video is ${tag.codec}; set it to H.264`;
      if (tag.kind === "configuration") {
        configuration = readAvcConfiguration(bytes, tag.offset, length - tag.offset);
        if (configuration === undefined) return "the configuration of H.264 can't be read";
        if (!configuration.playable)
          return `H.264 profile ${configuration.profile} isn't what browsers play; set it to baseline, main or high`;
      }
      if (tag.kind !== "frame") return undefined;
      const shown = (timestamp + tag.composition) >>> 0;
      if (isReordered(timestamp, shown)) return "there are B-frames, which WebRTC can't carry; set them to 0";
      if (!send(bytes, tag.offset, length - tag.offset, shown, now)) dropped++;
      return undefined;
    },
  };
}
