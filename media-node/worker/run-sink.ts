import type { RunSink } from "../forward/writer.ts";
import type { UdpPort } from "../net/udp-port.ts";

/** Lets a session's writer put its runs into a port's slab. */
export function createRunSink({ slab, reserve, commitRun }: Pick<UdpPort, "slab" | "reserve" | "commitRun">): RunSink {
  return {
    slab: Buffer.from(slab.buffer, slab.byteOffset, slab.byteLength),
    reserve,
    // The writer's runs lie where the port's own cursor stands, one behind the other.
    queueRun: (path, _offset, segmentSize, totalLength) => commitRun(path, segmentSize, totalLength),
  };
}
