import { writeUint16, writeUint32 } from "../../media-node/rtp/bytes.ts";
import { toAbsoluteSendTime } from "../../media-node/rtp/header-extensions.ts";
import type { OutboundSrtp } from "../../media-node/srtp/outbound.ts";
import { OFFERED } from "./offer.ts";

export const FPS = 30;
/** An RTP packet with its header, and the same protected. */
export const PACKET_BYTES = 1200;
export const PROTECTED_BYTES = PACKET_BYTES + 16;

/** Fixed header, and the send time as header extension, as browsers write it. */
const HEADER = 12 + 8;
/** VP8 payload descriptor with picture id, TL0PICIDX, TID and KEYIDX, and the frame header's first byte. */
const DESCRIPTOR = 6;
/** Where the payload says when it was sent (ms of the shared clock), and in which phase of the run. */
export const TIMESTAMP_IN_PAYLOAD = DESCRIPTOR + 1;
export const PHASE_IN_PAYLOAD = TIMESTAMP_IN_PAYLOAD + 8;

/** Writes the frames of the camera of each room. */
export interface FrameWriter {
  /**
   * Writes and protects a frame's packets side by side.
   * @param now on the shared clock (ms)
   * @returns how many bytes they take
   */
  write(room: number, srtp: OutboundSrtp, isKey: boolean, packets: number, phase: number, now: number): number;
}

export function createFrameWriter(bytes: Uint8Array<ArrayBuffer>, rooms: number): FrameWriter {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const sequences = new Uint16Array(rooms);
  const pictures = new Uint16Array(rooms);

  return {
    write(room, srtp, isKey, packets, phase, now) {
      const picture = pictures[room]!++;
      const time = toAbsoluteSendTime(now);
      for (let i = 0; i < packets; i++) {
        const at = i * PROTECTED_BYTES;
        bytes[at] = 0x90;
        bytes[at + 1] = OFFERED.vp8 | (i === packets - 1 ? 0x80 : 0);
        writeUint16(bytes, at + 2, sequences[room]!++);
        writeUint32(bytes, at + 4, Math.floor(now * 90) % 0x1_0000_0000);
        writeUint32(bytes, at + 8, OFFERED.cameraSsrc);
        writeUint32(bytes, at + 12, 0xbede0001);
        bytes[at + 16] = (OFFERED.absSendTime << 4) | 2;
        bytes[at + 17] = time >> 16;
        bytes[at + 18] = time >> 8;
        bytes[at + 19] = time;
        const payload = at + HEADER;
        bytes[payload] = i === 0 ? 0x90 : 0x80;
        bytes[payload + 1] = 0xf0;
        writeUint16(bytes, payload + 2, 0x8000 | (picture & 0x7fff));
        bytes[payload + 4] = picture;
        bytes[payload + 5] = 0;
        bytes[payload + DESCRIPTOR] = isKey && i === 0 ? 0 : 1;
        view.setFloat64(payload + TIMESTAMP_IN_PAYLOAD, now);
        bytes[payload + PHASE_IN_PAYLOAD] = phase;
        srtp.protectRtp(bytes, at, HEADER, PACKET_BYTES - HEADER);
      }
      return packets * PROTECTED_BYTES;
    },
  };
}
