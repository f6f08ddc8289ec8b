import { openUdp } from "../../media-node/net/udp-port.ts";
import { benchInbound, benchOutbound, LOOPBACK, type Shape } from "./shape.ts";

/** Most packets of one turn. */
const RING = 4096;
const SLOT = 1504;

/** The same work on `media-node/net` and `media-node/srtp`: what came in a turn leaves in runs at its end. */
export async function forwardInRuns(shape: Shape, ports: readonly number[]): Promise<number> {
  const inbound = Array.from({ length: shape.rooms }, (_, room) => benchInbound("in", room));
  const outbound = ports.map((_, i) => benchOutbound("out", i));
  const sequences = new Uint16Array(ports.length);
  // A Buffer for its `copy`, which makes no view.
  const ring = Buffer.alloc(RING * SLOT);
  // Packets of a turn by room: `first` and `next` are lists through the ring.
  const lengths = new Int32Array(RING);
  const next = new Int32Array(RING);
  const first = new Int32Array(shape.rooms).fill(-1);
  const last = new Int32Array(shape.rooms).fill(-1);
  let count = 0;

  const port = await openUdp({ addresses: [LOOPBACK], maxPaths: ports.length + 512, onPacket, onBatchEnd: writeAll });
  const paths = ports.map(receiver => {
    const path = port.pathOf(LOOPBACK, receiver);
    port.retain(path);
    return path;
  });
  const { slab } = port;

  function onPacket(bytes: Uint8Array): void {
    if (count === RING) writeAll();
    const room = ((bytes[8] ?? 0) << 24) | ((bytes[9] ?? 0) << 16) | ((bytes[10] ?? 0) << 8) | (bytes[11] ?? 0);
    const length = inbound[room]?.unprotectRtp(bytes, 0, bytes.length) ?? -1;
    if (length < 0) return;
    ring.set(bytes.subarray(0, length), count * SLOT);
    lengths[count] = length;
    next[count] = -1;
    const before = last[room] ?? -1;
    if (before < 0) first[room] = count;
    else next[before] = count;
    last[room] = count++;
  }

  function writeAll(): void {
    for (let room = 0; room < shape.rooms; room++) {
      const head = first[room] ?? -1;
      if (head < 0) continue;
      first[room] = -1;
      last[room] = -1;
      for (let i = 0; i < shape.receivers; i++) write(room * shape.receivers + i, head);
    }
    count = 0;
  }

  function write(receiver: number, head: number): void {
    const srtp = outbound[receiver];
    const path = paths[receiver];
    if (!srtp || path === undefined) return;
    for (let entry = head; entry >= 0; entry = next[entry] ?? -1) {
      const length = lengths[entry] ?? 0;
      const at = port.reserve(length + srtp.rtpOverhead);
      ring.copy(slab, at, entry * SLOT, entry * SLOT + length);
      const sequence = sequences[receiver] ?? 0;
      sequences[receiver] = sequence + 1;
      slab[at + 2] = sequence >>> 8;
      slab[at + 3] = sequence;
      const sealed = srtp.protectRtp(slab, at, 12, length - 12);
      if (sealed > 0) port.commit(path, sealed);
    }
  }
  return port.locals[0]?.port ?? 0;
}
