/** Participants of either server: sockets that send clips as plain RTP, and count what comes back. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { buildRtp } from "../../media-node/testing/model-packets.ts";
import { pause } from "../ask.ts";
import { AUDIO_LEVEL, PAYLOAD_TYPE, type Seat } from "./shape.ts";

const FRAME = 20;
/** Who doesn't speak sends silence this long (s), so that servers learn where it is. */
const INTRODUCTION = 1_000;
const SILENCE = Uint8Array.of(0xf8, 0xff, 0xfe);

interface Client {
  readonly seat: Seat;
  readonly socket: Socket;
  readonly clip: readonly Uint8Array[];
  packets: number;
}

export interface Load {
  /** Local ports, seat by seat. */
  readonly ports: readonly number[];
  /** Sends to these ports from now on. */
  start(servers: readonly number[]): void;
  /** Packets that came so far, all in all. */
  received(): number;
  close(): Promise<void>;
}

export async function openLoad(seats: readonly Seat[], clips: readonly (readonly Uint8Array[])[]): Promise<Load> {
  const clients: Client[] = [];
  for (const [i, seat] of seats.entries()) {
    const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const client = { seat, socket, clip: clips[i % clips.length]!, packets: 0 };
    socket.on("message", () => client.packets++);
    clients.push(client);
  }
  let stopped = false;

  async function run(servers: readonly number[]): Promise<void> {
    const begun = performance.now();
    for (let frame = 0; !stopped; frame++) {
      for (const [i, { seat, socket, clip }] of clients.entries()) {
        const introduces = frame * FRAME < INTRODUCTION;
        if (!seat.speaks && !introduces) continue;
        // Each begins its clip elsewhere.
        const payload = seat.speaks ? clip[(frame + i * 7) % clip.length]! : SILENCE;
        const level = seat.speaks ? 20 + (i % 5) : 127;
        const packet = buildRtp({
          payloadType: PAYLOAD_TYPE,
          sequence: frame & 0xffff,
          timestamp: frame * 960,
          ssrc: i + 1,
          extensions: [[AUDIO_LEVEL, Uint8Array.of(level)]],
          payload,
        });
        socket.send(packet, servers[i]!, "127.0.0.1");
      }
      await pause(Math.max(0, begun + (frame + 1) * FRAME - performance.now()));
    }
  }

  let running: Promise<void> | undefined;
  return {
    ports: clients.map(({ socket }) => socket.address().port),
    start(servers) {
      running = run(servers);
    },
    received: () => clients.reduce((sum, { packets }) => sum + packets, 0),
    async close() {
      stopped = true;
      await running;
      for (const { socket } of clients) socket.close();
    },
  };
}
