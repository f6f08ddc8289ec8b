import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** So many ports are tried where any will do. */
const TRIES = 8;

const refusal = (address: string, port: number, error: unknown): Error => {
  const { code, message } = error as { code?: string; message: string };
  return Object.assign(new Error(code === "EADDRINUSE" ? `port ${port} of ${address} is in use` : message), { code });
};

/** Binds UDP and TCP of every address, alone, and lets go again. Returns the port. */
async function tryPort(addresses: readonly string[], wished: number): Promise<number> {
  const opened: { close(): unknown }[] = [];
  let port = wished;
  try {
    for (const address of addresses) {
      const server = createServer();
      opened.push(server);
      server.listen({ host: address, port, ipv6Only: address.includes(":") });
      await once(server, "listening").catch(error => Promise.reject(refusal(address, port, error)));
      port = (server.address() as AddressInfo).port;
      const socket = createSocket({ type: address.includes(":") ? "udp6" : "udp4", ipv6Only: address.includes(":") });
      opened.push(socket);
      socket.bind({ address, port, exclusive: true });
      await once(socket, "listening").catch(error => Promise.reject(refusal(address, port, error)));
    }
    return port;
  } finally {
    for (const each of opened) each.close();
  }
}

/**
 * Makes sure that a port which workers are about to share is nobody else's: the kernel would let them share it with any
 * program of the same user that wants to share, such as a second node.
 * @param port 0: any that is free for UDP and TCP
 * @throws Error that names the port when it is taken
 */
export async function claimPort(addresses: readonly string[], port: number): Promise<number> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryPort(addresses, port);
    } catch (error) {
      if (port !== 0 || tries === TRIES) throw error;
    }
  }
}
