import { parseAddress } from "./address.ts";
import { openBunSocket } from "./bun-socket.ts";
import type { LinuxLibc } from "./linux-libc.ts";
import { openNodeSocket } from "./node-socket.ts";
import type { UdpSocket } from "./udp-socket.ts";

export interface SocketsOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly bufferBytes: number;
  readonly libc: LinuxLibc | undefined;
  readonly reusePort: boolean;
}

/** A free port on one address may be taken on another; so many are tried. */
const MAX_TRIES = 10;

/** Opens a socket on every address, all with one port number; closes what it opened when it fails. */
export async function openSockets(
  options: SocketsOptions,
  onDatagram: (local: number, bytes: Uint8Array, port: number, address: string) => void,
  onError: () => void,
): Promise<UdpSocket[]> {
  const open = "Bun" in globalThis ? openBunSocket : openNodeSocket;
  const families = options.addresses.map(address => {
    const bytes = parseAddress(address);
    if (!bytes) throw Object.assign(new Error(`${address} is no IP address`), { code: "EINVAL" });
    return bytes.length === 4 ? (4 as const) : (6 as const);
  });
  if (families.length === 0) throw Object.assign(new Error("no address to listen on"), { code: "EINVAL" });

  for (let tries = 1; ; tries++) {
    const sockets: UdpSocket[] = [];
    try {
      for (const [local, address] of options.addresses.entries()) {
        const socket = await open({
          address,
          port: sockets[0]?.local.port ?? options.port,
          family: families[local]!,
          bufferBytes: options.bufferBytes,
          libc: options.libc,
          reusePort: options.reusePort,
          onDatagram: (bytes, port, from) => onDatagram(local, bytes, port, from),
          onError,
        });
        sockets.push(socket);
      }
      return sockets;
    } catch (error) {
      await Promise.all(sockets.map(socket => socket.close()));
      const isTaken = (error as { code?: string }).code === "EADDRINUSE";
      if (!isTaken || options.port !== 0 || tries === MAX_TRIES) throw error;
    }
  }
}
