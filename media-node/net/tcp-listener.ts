import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { allocatePinned } from "../native/ffi.ts";
import { loadLinuxLibc } from "./linux-libc.ts";

/** Takes a connection over, which is as if it had just been accepted: nothing is read of it, nobody listens to it. */
export type AcceptStream = (socket: Socket) => void;

export interface TcpListenerOptions {
  readonly addresses: readonly string[];
  /** 0: a free one. */
  readonly port: number;
  /** Other processes of ours listen there, too. */
  readonly reusePort?: boolean;
  /**
   * Bytes that the kernel holds of a connection beyond what is on its way. By default it holds megabytes: seconds of media,
   * behind which newer media waits.
   */
  readonly maxUnsent?: number;
  readonly onSocket: AcceptStream;
}

/** Listens on all addresses at one port number. Connections outlive it. */
export interface TcpListener {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

const IPPROTO_TCP = 6;
const TCP_NOTSENT_LOWAT = 25;

/** @throws Error with `code` EADDRINUSE when the port is taken on one of the addresses */
export async function listenTcp(options: TcpListenerOptions): Promise<TcpListener> {
  const { addresses, reusePort = false, maxUnsent, onSocket } = options;
  const servers: Server[] = [];
  let { port } = options;

  function close(): void {
    for (const server of servers.splice(0)) server.close();
  }

  try {
    for (const address of addresses) {
      const server = createServer({ noDelay: true, allowHalfOpen: false }, onSocket);
      server.listen({ host: address, port, ipv6Only: address.includes(":"), reusePort });
      await once(server, "listening");
      servers.push(server);
      port = (server.address() as AddressInfo).port;
      if (maxUnsent !== undefined) limitUnsent(server, maxUnsent);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { port, close };
}

/**
 * Accepted sockets have it from the one that listens. Both runtimes keep the descriptor in a place that they don't document
 * (Node 26.10, Bun 1.4.5); where it isn't, the kernel holds as much as it likes.
 */
function limitUnsent(server: Server, bytes: number): void {
  const libc = loadLinuxLibc();
  const fd = (server as { _handle?: { fd?: number } })._handle?.fd;
  if (!libc || fd === undefined || fd < 0) return;
  const memory = allocatePinned(libc.ffi, 4);
  new Int32Array(memory.bytes.buffer)[0] = bytes;
  libc.call.setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, libc.ffi.pointer(memory.address), 4);
  memory.release();
}
