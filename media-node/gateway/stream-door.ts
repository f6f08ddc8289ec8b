/**
 * A port where programs come in by TCP or TLS: how many at once, and how long a stranger has to show what lets it in.
 * @module
 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { createConnectionLimits } from "../net/connection-limits.ts";
import { listenTcp, type TcpListener } from "../net/tcp-listener.ts";

/** Connections at once, and of them those that haven't shown what lets them in. */
const MAX_CONNECTIONS = 1_024;
const MAX_STRANGERS = 128;

/** One connection, from its first byte on. */
export interface Visit {
  destroy(): void;
}

/** What a connection tells of itself. */
export interface VisitHost {
  /** It is no stranger any more, or about to be closed. */
  settled(): void;
  /** Told once. */
  closed(): void;
}

export interface StreamDoorOptions {
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  /** Asked for every connection; absent: they aren't encrypted. */
  readonly secureContext?: (() => SecureContext) | undefined;
  /** Strangers have so long (ms). */
  readonly patience: number;
  /** Strangers from one address at once; absent: as many as in all. */
  readonly maxStrangersEach?: number;
  /** Takes a stream over, encrypted or not. */
  readonly open: (stream: Socket, host: VisitHost) => Visit;
}

/** @throws Error with `code` EADDRINUSE when the port is taken */
export async function openStreamDoor(options: StreamDoorOptions): Promise<TcpListener> {
  const { address, secureContext, patience, maxStrangersEach = 0, open } = options;
  const visits = new Set<Visit>();
  const all = createConnectionLimits(MAX_CONNECTIONS, 0);
  const strangers = createConnectionLimits(MAX_STRANGERS, maxStrangersEach);

  function accept(socket: Socket): void {
    const from = socket.remoteAddress ?? "";
    if (!all.admit(from)) return void socket.destroy();
    if (!strangers.admit(from)) {
      all.leave(from);
      return void socket.destroy();
    }
    let strange = true;
    const settled = (): void => {
      if (!strange) return;
      strange = false;
      clearTimeout(timer);
      strangers.leave(from);
    };
    const stream = secureContext ? new TLSSocket(socket, { isServer: true, secureContext: secureContext() }) : socket;
    const timer = setTimeout(() => {
      stream.destroy();
      socket.destroy();
    }, patience);
    const visit = open(stream, {
      settled,
      closed() {
        settled();
        visits.delete(visit);
        all.leave(from);
        socket.destroy();
      },
    });
    visits.add(visit);
    if (stream !== socket) socket.on("error", visit.destroy);
  }

  const listener = await listenTcp({ addresses: [address], port: options.port, onSocket: accept });
  return {
    port: listener.port,
    close() {
      listener.close();
      for (const visit of visits) visit.destroy();
    },
  };
}
