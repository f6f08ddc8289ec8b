/** Packets that come straight back, and how long that takes. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { buildRtp } from "../../media-node/testing/model-packets.ts";
import { pause } from "../ask.ts";
import { ECHO_TYPE } from "./shape.ts";

/** Time between two (ms): not a divisor of the mixer's 20 ms, so that they meet every moment of it. */
const INTERVAL = 3;

/** Round trips (ms) to a port of loopback, for so long (ms). */
export async function roundTrips(port: number, time: number): Promise<number[]> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const sent: number[] = [];
  const times: number[] = [];
  socket.on("message", bytes => {
    const at = sent[bytes.readUInt32BE(4)];
    if (at !== undefined) times.push(performance.now() - at);
  });
  const end = performance.now() + time;
  while (performance.now() < end) {
    const timestamp = sent.length;
    const packet = buildRtp({ payloadType: ECHO_TYPE, sequence: timestamp & 0xffff, timestamp, ssrc: 1 });
    sent.push(performance.now());
    socket.send(packet, port, "127.0.0.1");
    await pause(INTERVAL);
  }
  await pause(200);
  socket.close();
  if (times.length < 0.999 * sent.length) throw new Error(`${sent.length - times.length} of ${sent.length} are lost`);
  return times;
}
