import { createReadGate } from "./read-gate.ts";
import { tuneSocket } from "./socket-options.ts";
import type { UdpDatagrams, UdpSocket, UdpSocketOptions } from "./udp-socket.ts";

/** What `bun-types` 1.4.5 doesn't declare. */
interface BunSocketExtras {
  readonly fd?: number;
}

/** usockets' LIBUS_SOCKET_IPV6_ONLY, so that an IPv4 socket may have the same port. */
const IPV6_ONLY = 8;
/** usockets' LIBUS_SOCKET_REUSE_PORT; Bun 1.4.5 ignores its own `reusePort: true` (2026-11-23). */
const REUSE_PORT = 4;

/** So many datagrams in a row may be refused before the rest is given up: a full buffer refuses them all. */
const MAX_REFUSALS = 16;

/** `Bun.udpSocket` as a {@link UdpSocket}. */
export async function openBunSocket(options: UdpSocketOptions): Promise<UdpSocket> {
  const { address, port, family, bufferBytes, libc, onDatagram, onError } = options;
  const configuration: Bun.udp.SocketOptions<"uint8array"> & { flags: number } = {
    hostname: address,
    port,
    binaryType: "uint8array",
    flags: (family === 6 ? IPV6_ONLY : 0) | (options.reusePort ? REUSE_PORT : 0),
    socket: {
      data: (_socket, bytes, fromPort, fromAddress) => onDatagram(bytes, fromPort, fromAddress),
      error: onError,
    },
  };
  const socket: Bun.udp.Socket<"uint8array"> & BunSocketExtras = await Bun.udpSocket(configuration);
  const fd = socket.fd;
  const gate = libc && fd !== undefined ? createReadGate(libc, fd) : undefined;
  const buffers =
    libc && fd !== undefined ? tuneSocket(libc, fd, family, bufferBytes) : { receiveBytes: 0, sendBytes: 0 };

  function sendMany(datagrams: UdpDatagrams): number {
    gate?.open();
    let sent = 0;
    let refusals = 0;
    let rest = datagrams;
    while (rest.length > 0 && refusals < MAX_REFUSALS) {
      let accepted = 0;
      try {
        accepted = socket.sendMany(rest);
      } catch {
        // The first one was refused with an error of its own.
      }
      sent += accepted;
      refusals = accepted > 0 ? 0 : refusals + 1;
      rest = rest.slice(3 * Math.max(accepted, 1));
    }
    return sent;
  }

  return {
    local: { address: socket.hostname, port: socket.port, family },
    get fd() {
      return gate?.fd ?? fd;
    },
    buffers,
    sendMany,
    pause: () => gate?.shut(),
    resume: () => gate?.open(),
    async close() {
      gate?.release();
      if (!socket.closed) socket.close();
    },
  };
}
