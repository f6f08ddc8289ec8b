import type { RunSink } from "../forward/writer.ts";
import type { UdpPort } from "../net/udp-port.ts";

/** Lets a session's writer put its runs into a port's slab. */
export function createRunSink(port: Pick<UdpPort, "slab" | "reserve" | "commit">): RunSink {
  const { slab } = port;
  return {
    slab: Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength),
    reserve: bytes => port.reserve(bytes),
    queueRun(path, _offset, segmentSize, totalLength) {
      // The writer's runs lie where the port's own cursor stands, one behind the other.
      for (let rest = totalLength; rest > 0; rest -= segmentSize) {
        const length = Math.min(rest, segmentSize);
        port.reserve(length);
        port.commit(path, length);
      }
    },
  };
}
