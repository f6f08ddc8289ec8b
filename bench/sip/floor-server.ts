/** The floor: for each call receive, decode, encode and send, as it comes. No jitter buffer, no room, no signaling. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import {
  type AudioDecoder,
  type AudioEncoder,
  MAX_ENCODED,
  MAX_PACKET_TIME,
} from "../../media-node/codec/audio-codec.ts";
import { createG711Decoder, createG711Encoder } from "../../media-node/codec/g711.ts";
import { loadOpus } from "../../media-node/codec/opus-audio.ts";
import { type Ends, FRAME, LATE, LOOPBACK, OPUS_TYPE, PCMU_TYPE } from "./shape.ts";

const HEADER = 12;
const RATE = 8_000;
const pcm = new Float32Array((RATE * MAX_PACKET_TIME) / 1_000);
const ends = JSON.parse(process.argv[2] ?? "[]") as Ends[];
const opus = await loadOpus();

async function open(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, LOOPBACK);
  await once(socket, "listening");
  return socket;
}

function transcode(
  from: Socket,
  decoder: AudioDecoder,
  encoder: AudioEncoder,
  type: number,
  to: Socket,
  port: number,
): void {
  const packet = new Uint8Array(HEADER + MAX_ENCODED);
  packet[0] = 0x80;
  packet[1] = type;
  const view = new DataView(packet.buffer);
  let frames = 0;
  from.on("message", bytes => {
    decoder.decode(bytes, HEADER, bytes.length - HEADER, pcm, 0);
    const length = encoder.encode(pcm, 0, packet, HEADER);
    view.setUint16(2, ++frames & 0xffff);
    view.setUint32(4, frames * (type === OPUS_TYPE ? 960 : 160));
    to.send(packet.subarray(0, HEADER + length), port, LOOPBACK);
  });
}

const taken: Ends[] = [];
for (const { phone, listener } of ends) {
  const [a, b] = [await open(), await open()];
  const encoder = opus.createEncoder({ rate: RATE, channels: 1, complexity: 5 });
  transcode(a, createG711Decoder("pcmu"), encoder, OPUS_TYPE, b, listener);
  transcode(b, opus.createDecoder(RATE, 1), createG711Encoder("pcmu"), PCMU_TYPE, a, phone);
  taken.push({ phone: a.address().port, listener: b.address().port });
}

/** A clock as the mixer's: how late the machine lets any timer be. */
const begun = performance.now();
let [all, late] = [0, 0];
function tick(): void {
  const due = begun + ++all * FRAME;
  if (performance.now() - due > LATE + FRAME) late++;
  setTimeout(tick, Math.max(0, begun + (all + 1) * FRAME - performance.now()));
}
setTimeout(tick, FRAME);

process.on("message", () => process.send?.({ all, late }));
process.send?.(taken);
