import type { Codec, PayloadInfo } from "../codec/codec.ts";
import type { RtpHeader } from "../rtp/rtp-header.ts";
import { ByteRing, type RingSize } from "./byte-ring.ts";

/** Bits of {@link PacketRing.flags}. */
export const PACKET = {
  /** A sink may begin here: any audio packet, the first packet of a key frame. */
  start: 1,
  marker: 2,
  /** Padding only: has a number, but nothing in it. */
  empty: 4,
} as const;

/** About a second at 8 Mbit/s, four at 2. */
export const VIDEO_RING: RingSize = { packets: 1024, bytes: 1 << 20 };
/** 2.5 s of 20 ms packets. */
export const AUDIO_RING: RingSize = { packets: 128, bytes: 1 << 15 };

/**
 * The newest packets of one layer, each payload copied once and shared by all sinks: for them, and for their
 * retransmissions. Keyed by extended inbound sequence number.
 */
export class PacketRing extends ByteRing {
  /** The publisher's RTP timestamp. */
  readonly timestamp: Uint32Array;
  readonly descriptor: Uint32Array;
  /** Duration in clock units, 0 for video. */
  readonly duration: Uint16Array;
  readonly flags: Uint8Array;
  /** RFC 6464 byte as it came, or `NO_LEVEL`. */
  readonly level: Uint8Array;

  constructor(size: RingSize) {
    super(size);
    const { packets } = size;
    this.timestamp = new Uint32Array(packets);
    this.descriptor = new Uint32Array(packets);
    this.duration = new Uint16Array(packets);
    this.flags = new Uint8Array(packets);
    this.level = new Uint8Array(packets);
  }

  /** Place of the nearest packet before `index`, down to `first`, or -1. */
  previous(index: number, first: number): number {
    for (let other = index - 1; other >= first; other--) {
      const place = this.find(other);
      if (place >= 0) return place;
    }
    return -1;
  }

  /** Place of the nearest packet behind `index`, up to `last`, or -1. */
  next(index: number, last: number): number {
    for (let other = index + 1; other <= last; other++) {
      const place = this.find(other);
      if (place >= 0) return place;
    }
    return -1;
  }

  /** Keeps a packet's payload and what was read of it. @returns its place, or -1 when the payload is too long. */
  put(
    index: number,
    codec: Codec,
    info: PayloadInfo,
    bytes: Buffer,
    header: RtpHeader,
    timestamp: number,
    flags: number,
    level: number,
  ): number {
    const length = header.payloadLength;
    const place = this.open(index, length + codec.growth);
    if (place < 0) return -1;
    this.timestamp[place] = timestamp;
    this.descriptor[place] = info.descriptor;
    this.duration[place] = info.duration;
    this.flags[place] = flags;
    this.level[place] = level;
    const at = this.offset[place]!;
    this.close(place, length === 0 ? 0 : codec.store(bytes, header.payloadOffset, length, info, this.bytes, at));
    return place;
  }
}
