import { PacketKind, packetKind } from "../../media-node/net/demux.ts";
import type { SocketSet } from "../floor/socket-set.ts";
import { type Client, createClient } from "./client.ts";
import type { Opened } from "./messages.ts";

/** Handshakes under way at once: the server refuses floods. */
const WINDOW = 64;
const TIMEOUT = 60_000;

/** The clients of one load process, one socket each. */
export interface Crowd extends Opened {
  readonly clients: readonly Client[];
  /** Takes the answers; resolves once all are connected. */
  connect(answers: readonly string[]): Promise<void>;
  /** Reads what has come: RTP and RTCP go to `media`, still protected, all else is dealt with. */
  read(media: (client: number, at: number, length: number, kind: PacketKind) => void): void;
  /** Keeps the sessions alive. To be called every 20 ms or so. */
  tick(): void;
}

export function createCrowd(sockets: SocketSet, server: number): Crowd {
  const clients = sockets.ports.map((_, socket) =>
    createClient(bytes => {
      sockets.outgoing.set(bytes);
      sockets.send(socket, bytes.length, server);
    }),
  );

  function read(media: Parameters<Crowd["read"]>[0]): void {
    sockets.drain((socket, at, length) => {
      const kind = packetKind(sockets.data, at, length);
      if (kind === PacketKind.stun) clients[socket]!.handleStun();
      else if (kind === PacketKind.dtls)
        clients[socket]!.handleDtls(sockets.data.slice(at, at + length), performance.now());
      else media(socket, at, length, kind);
    });
  }

  function tick(): void {
    const now = performance.now();
    for (const client of clients) client.tick(now);
  }

  return {
    offers: clients.map(({ offer }) => offer),
    clients,
    async connect(answers) {
      const deadline = performance.now() + TIMEOUT;
      let begun = 0;
      for (let connected = 0; connected < clients.length; ) {
        for (; begun < Math.min(clients.length, connected + WINDOW); begun++) {
          clients[begun]!.accept(answers[begun]!, performance.now());
        }
        read(() => {});
        tick();
        while (clients[connected]?.connected) connected++;
        if (performance.now() > deadline) throw new Error(`only ${connected} sessions connected`);
        await new Promise(resolve => setTimeout(resolve, 2));
      }
    },
    read,
    tick,
  };
}
