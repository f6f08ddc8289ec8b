import { ByteRing, type RingSize } from "./byte-ring.ts";

const VIDEO_ARCHIVE: RingSize = { packets: 512, bytes: 1 << 19 };
const AUDIO_ARCHIVE: RingSize = { packets: 64, bytes: 1 << 14 };

/**
 * Packets of a slot as they left, protected. Where a receiver has no RTX, a lost packet is sent again on the media
 * SSRC, and must then be the same to the bit: encrypting another packet under a used number gives the key away.
 */
export class ProtectedArchive extends ByteRing {
  constructor(media: "audio" | "video") {
    super(media === "video" ? VIDEO_ARCHIVE : AUDIO_ARCHIVE);
  }

  put(number: number, packet: Buffer, offset: number, length: number): void {
    const place = this.open(number, length);
    if (place < 0) return;
    packet.copy(this.bytes, this.offset[place]!, offset, offset + length);
    this.close(place, length);
  }
}
