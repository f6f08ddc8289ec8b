/** Room for a `struct sockaddr_in6`; a `sockaddr_in` takes the first 16 bytes. */
export const SOCKADDR_SIZE = 32;

const AF_INET = 2;
/** Linux's number, as is the layout. */
const AF_INET6 = 10;

/** Writes the `struct sockaddr` of 4 or 16 address bytes and a port. */
export function writeSockaddr(memory: Uint8Array, at: number, address: Uint8Array, port: number): void {
  memory.fill(0, at, at + SOCKADDR_SIZE);
  memory[at] = address.length === 4 ? AF_INET : AF_INET6;
  memory[at + 2] = port >>> 8;
  memory[at + 3] = port;
  memory.set(address, at + (address.length === 4 ? 4 : 8));
}
