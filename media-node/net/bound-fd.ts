import { allocatePinned } from "../native/ffi.ts";
import { parseAddress } from "./address.ts";
import { Errno, type LinuxLibc } from "./linux-libc.ts";
import { SOCKADDR_SIZE, writeSockaddr } from "./sockaddr.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0x800;
const SOCK_CLOEXEC = 0x80000;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;

/**
 * A UDP socket made and bound by system calls, as a descriptor that its taker closes.
 * @throws Error with `code` EADDRINUSE or EBIND when the address can't be had
 */
export function openBoundFd(
  { ffi, call, errno }: LinuxLibc,
  address: string,
  port: number,
  family: 4 | 6,
  reusePort = false,
): number {
  const bytes = parseAddress(address);
  const fd = call.socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const memory = allocatePinned(ffi, SOCKADDR_SIZE);
  try {
    memory.bytes[0] = 1;
    if (reusePort) call.setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, ffi.pointer(memory.address), 4);
    if (family === 6) {
      call.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ffi.pointer(memory.address), 4);
    }
    if (bytes) writeSockaddr(memory.bytes, 0, bytes, port);
    if (!bytes || call.bind(fd, ffi.pointer(memory.address), family === 4 ? 16 : 28) !== 0) {
      const code = errno() === Errno.EADDRINUSE ? "EADDRINUSE" : "EBIND";
      call.close(fd);
      throw Object.assign(new Error(`cannot bind UDP ${address} port ${port}`), { code });
    }
    return fd;
  } finally {
    memory.release();
  }
}
