import type { AcceptStream } from "../net/tcp-listener.ts";
import { openTcp, type TcpPort } from "../net/tcp-port.ts";
import { openUdp, type UdpPort } from "../net/udp-port.ts";
import type { MediaWorker } from "./media-worker.ts";

/** What takes the packets of a media port. */
export type PacketReceiver = Pick<MediaWorker, "receive" | "receiveInPlace" | "pathClosed" | "endBatch">;

/** A worker's media port: UDP and, where wanted, TCP of one number. */
export interface MediaPorts {
  readonly udp: UdpPort;
  readonly tcp: TcpPort | undefined;
  readonly number: number;
  /** Who gets packets from now on; those that came before are dropped. */
  attach(receiver: PacketReceiver): void;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface MediaPortsOptions {
  readonly listen: readonly string[];
  /** 0: one that is free for both. */
  readonly port: number;
  readonly iceTcp: boolean;
  /** Most far ends known at once. */
  readonly maxPaths: number;
  /** Takes TURN clients that come by TCP. */
  readonly acceptTurn?: AcceptStream | undefined;
  /** What `performance.now()` counts from, in the receiver's time. */
  readonly timeOrigin: number;
}

/** A number that is free for UDP may be taken for TCP; so many are tried. */
const MAX_TRIES = 10;
const TICK = 1_000;

/** @throws Error with `code` EADDRINUSE when the port is taken */
export async function openPorts(options: MediaPortsOptions): Promise<MediaPorts> {
  for (let tries = 1; ; tries++) {
    try {
      return await openBoth(options);
    } catch (error) {
      const isTaken = (error as { code?: string }).code === "EADDRINUSE";
      if (!isTaken || options.port !== 0 || tries === MAX_TRIES) throw error;
    }
  }
}

async function openBoth(options: MediaPortsOptions): Promise<MediaPorts> {
  const { listen, port, iceTcp, maxPaths, acceptTurn, timeOrigin } = options;
  let receiver: PacketReceiver | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  const udp = await openUdp({
    addresses: listen,
    port,
    maxPaths,
    onPacket: (bytes, path, now) => receiver?.receive(bytes, path, timeOrigin + now),
    onBatchEnd: now => receiver?.endBatch(timeOrigin + now),
  });
  const number = udp.locals[0]!.port;

  async function openTcpSide(): Promise<TcpPort> {
    const tcp = await openTcp({
      addresses: listen,
      port: number,
      paths: udp,
      acceptTurn,
      onPacket: (bytes, offset, length, path, now) =>
        receiver?.receiveInPlace(bytes, offset, length, path, timeOrigin + now),
      onClosed: path => receiver?.pathClosed(path, timeOrigin + performance.now()),
    });
    timer = setInterval(() => tcp.tick(performance.now()), TICK);
    return tcp;
  }

  try {
    const tcp = iceTcp ? await openTcpSide() : undefined;
    return {
      udp,
      tcp,
      number,
      attach(to) {
        receiver = to;
      },
      async close() {
        clearInterval(timer);
        tcp?.close();
        await udp.close();
      },
    };
  } catch (error) {
    await udp.close();
    throw error;
  }
}
