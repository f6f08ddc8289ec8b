/** Load process: sends the sources' frames, evenly spread over time. A number as message begins that phase. */
import { openUdp } from "../../media-node/net/udp-port.ts";
import { startPacer } from "./pacer.ts";
import { benchOutbound, createSharedClock, LOOPBACK, PHASE_AT, PHASES, type Shape, TIMESTAMP_AT } from "./shape.ts";

interface Start {
  readonly shape: Shape;
  readonly port: number;
}

const sharedNow = createSharedClock();

process.on("disconnect", () => process.exit());
process.once("message", (message: Start) => void run(message));

async function run({ shape, port: target }: Start): Promise<void> {
  const port = await openUdp({ addresses: [LOOPBACK], onPacket() {} });
  const path = port.pathOf(LOOPBACK, target);
  const srtp = Array.from({ length: shape.rooms }, (_, room) => benchOutbound("in", room));
  const sequences = new Uint16Array(shape.rooms);
  const packets = new Float64Array(PHASES);
  let phase = 0;
  let room = 0;

  function sendFrame(): void {
    for (let i = 0; i < shape.burst; i++) {
      const at = port.reserve(shape.packetBytes + 16);
      const view = new DataView(port.slab.buffer, at, shape.packetBytes);
      view.setUint16(0, i === shape.burst - 1 ? 0x80e0 : 0x8060);
      view.setUint16(2, sequences[room] ?? 0);
      view.setUint32(4, 0);
      view.setUint32(8, room);
      view.setFloat64(TIMESTAMP_AT, sharedNow());
      view.setUint8(PHASE_AT, phase);
      sequences[room] = (sequences[room] ?? 0) + 1;
      port.commit(path, srtp[room]?.protectRtp(port.slab, at, 12, shape.packetBytes - 12) ?? 0);
    }
    port.flush();
    packets[phase] = (packets[phase] ?? 0) + shape.burst;
    room = (room + 1) % shape.rooms;
  }

  process.on("message", (next: number) => {
    phase = next;
    process.send?.({ packets: [...packets] });
  });
  startPacer(sendFrame).interval = 1000 / shape.fps / shape.rooms;
}
