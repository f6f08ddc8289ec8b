import { createStreamFramer, type FrameLength, type StreamFramer } from "../../net/stream-framer.ts";

/** STUN messages and ChannelData (RFC 8656 §12.5: padded to 4 bytes on streams). */
const frameLength: FrameLength = (bytes, at, end) => {
  if (at === end) return 0;
  const first = bytes[at]!;
  if (first >= 4 && (first < 0x40 || first >= 0x80)) return -1;
  if (end - at < 4) return 0;
  const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (first < 4) return (length & 3) === 0 ? 20 + length : -1;
  return 4 + ((length + 3) & ~3);
};

/** Cuts a TURN client's stream. @param onFrame gets each whole frame; the bytes are its until it returns. False stops. */
export const createFramer = (onFrame: (bytes: Buffer, offset: number, length: number) => boolean): StreamFramer =>
  createStreamFramer(frameLength, onFrame);
