import type { AudioCodecName } from "../codec/audio-codec.ts";

/** Packets kept at most: 1.3 s of 20 ms ones. The oldest give way. */
const PACKETS = 64;
/** The longest payload kept (bytes). */
export const MAX_PAYLOAD = 1_500;

/** Packets that wait for their time, by extended sequence number. Takes its memory with the first one. */
export class PacketStore {
  /** Payloads, {@link MAX_PAYLOAD} apart. */
  bytes = new Uint8Array(0);
  /** When each was captured (ms), and what it holds. */
  readonly media = new Float64Array(PACKETS);
  readonly length = new Uint16Array(PACKETS);
  readonly codec: AudioCodecName[] = new Array(PACKETS).fill("opus");
  private readonly index = new Float64Array(PACKETS).fill(-1);

  put(index: number, codec: AudioCodecName, media: number, from: Uint8Array, offset: number, length: number): void {
    if (this.bytes.length === 0) this.bytes = new Uint8Array(PACKETS * MAX_PAYLOAD);
    const place = index % PACKETS;
    this.index[place] = index;
    this.media[place] = media;
    this.codec[place] = codec;
    this.length[place] = length;
    const to = place * MAX_PAYLOAD;
    for (let i = 0; i < length; i++) this.bytes[to + i] = from[offset + i]!;
  }

  /** The lowest number kept from `from` to `last`, or -1. */
  next(from: number, last: number): number {
    for (let index = Math.max(from, last - PACKETS + 1); index <= last; index++) if (this.has(index)) return index;
    return -1;
  }

  has(index: number): boolean {
    return this.index[index % PACKETS] === index;
  }

  /** Where a kept packet lies in the arrays; its payload is at this × {@link MAX_PAYLOAD}. */
  place(index: number): number {
    return index % PACKETS;
  }
}
