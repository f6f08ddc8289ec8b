import type { Codec, PayloadInfo } from "../codec/codec.ts";
import type { RtpHeader } from "../rtp/rtp-header.ts";

/** Bits of {@link PacketRing.flags}. */
export const PACKET = {
  /** A sink may begin here: any audio packet, the first packet of a key frame. */
  start: 1,
  marker: 2,
  /** Padding only: has a number, but nothing in it. */
  empty: 4,
} as const;

/** The level stored where a packet carried none. */
export const NO_LEVEL = 255;

/** Size of a {@link PacketRing}: packets (a power of two) and bytes of payload. */
export interface RingSize {
  readonly packets: number;
  readonly bytes: number;
}

/** About a second at 8 Mbit/s, four at 2. */
export const VIDEO_RING: RingSize = { packets: 1024, bytes: 1 << 20 };
/** 2.5 s of 20 ms packets. */
export const AUDIO_RING: RingSize = { packets: 128, bytes: 1 << 15 };

/**
 * The newest packets of one layer, each copied once and shared by all sinks: for them, and for their retransmissions.
 * Keyed by extended inbound sequence number. Payloads lie one behind the other in one buffer, so a ring of small
 * packets stays small; what the buffer's head has overrun is gone.
 */
export class PacketRing {
  readonly packets: number;
  /** Payload bytes; a packet's are at {@link offset}, {@link length}. */
  readonly bytes: Buffer;
  /** Extended inbound sequence number by place, -1 where there is none. */
  readonly index: Float64Array;
  readonly offset: Uint32Array;
  readonly length: Uint16Array;
  /** The publisher's RTP timestamp. */
  readonly timestamp: Uint32Array;
  readonly descriptor: Uint32Array;
  /** Duration in clock units, 0 for video. */
  readonly duration: Uint16Array;
  readonly flags: Uint8Array;
  /** RFC 6464 byte as it came (voice bit and level), {@link NO_LEVEL} where none did. */
  readonly level: Uint8Array;
  private readonly mask: number;
  private readonly position: Float64Array;
  private head = 0;

  constructor(size: RingSize) {
    const { packets } = size;
    this.packets = packets;
    this.mask = packets - 1;
    this.bytes = Buffer.allocUnsafeSlow(size.bytes);
    this.index = new Float64Array(packets).fill(-1);
    this.position = new Float64Array(packets);
    this.offset = new Uint32Array(packets);
    this.length = new Uint16Array(packets);
    this.timestamp = new Uint32Array(packets);
    this.descriptor = new Uint32Array(packets);
    this.duration = new Uint16Array(packets);
    this.flags = new Uint8Array(packets);
    this.level = new Uint8Array(packets);
  }

  /** Place of a packet, or -1 when it never came or is gone. */
  find(index: number): number {
    const place = index & this.mask;
    return this.index[place] === index && this.head - this.position[place]! <= this.bytes.length ? place : -1;
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

  /** Keeps a packet in place of the one `packets` before it. @returns its place, or -1 when the payload is too long. */
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
    const size = this.bytes.length;
    const length = header.payloadLength;
    const room = length + codec.growth;
    if (room > size >> 2 || room > 0xffff) return -1;
    let at = this.head % size;
    if (at + room > size) {
      this.head += size - at;
      at = 0;
    }
    const place = index & this.mask;
    const stored = length === 0 ? 0 : codec.store(bytes, header.payloadOffset, length, info, this.bytes, at);
    this.index[place] = index;
    this.position[place] = this.head;
    this.offset[place] = at;
    this.length[place] = stored;
    this.timestamp[place] = timestamp;
    this.descriptor[place] = info.descriptor;
    this.duration[place] = info.duration;
    this.flags[place] = flags;
    this.level[place] = level;
    this.head += stored;
    return place;
  }
}
