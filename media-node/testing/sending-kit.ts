import type { Protector, RunSink } from "../forward/writer.ts";
import { extendSequence } from "../rtp/sequence.ts";

const TAG = 16;

/** Adds a tag of zeros, so that room for it is proven, and as SRTP does refuses to protect a number twice. */
export function createTestProtector(): Protector {
  const used = new Map<number, { highest: number; numbers: Set<number> }>();
  return {
    rtpOverhead: TAG,
    protectRtp(buffer, offset, headerLength, payloadLength) {
      const length = headerLength + payloadLength;
      if (offset + length + TAG > buffer.length) throw new Error("no room for protection");
      const ssrc = buffer.readUInt32BE(offset + 8);
      const sequence = buffer.readUInt16BE(offset + 2);
      const stream = used.get(ssrc) ?? { highest: sequence, numbers: new Set() };
      used.set(ssrc, stream);
      const number = extendSequence(sequence, stream.highest);
      if (stream.numbers.has(number)) throw new Error(`${sequence} of ${ssrc} protected twice`);
      stream.numbers.add(number);
      stream.highest = Math.max(stream.highest, number);
      buffer.fill(0, offset + length, offset + length + TAG);
      return length + TAG;
    },
  };
}

/** Takes runs apart again and hands on each packet, its tag removed. */
export function createTestRunSink(send: (path: number, packet: Buffer) => void): RunSink {
  const slab = Buffer.alloc(100_000);
  let used = 0;
  return {
    slab,
    reserve(bytes) {
      if (used + bytes > slab.length) used = 0;
      return used;
    },
    queueRun(path, offset, segmentSize, totalLength) {
      used = offset + totalLength;
      for (let at = offset; at < used; at += segmentSize) {
        send(path, Buffer.from(slab.subarray(at, Math.min(at + segmentSize, used) - TAG)));
      }
    },
  };
}
