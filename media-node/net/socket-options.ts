import { allocatePinned } from "../native/ffi.ts";
import type { LinuxLibc } from "./linux-libc.ts";

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const IPPROTO_IP = 0;
const IP_RECVERR = 11;
const IPPROTO_IPV6 = 41;
const IPV6_RECVERR = 25;

/** What the kernel granted, which is twice what it counts as payload. */
export interface GrantedBuffers {
  readonly receiveBytes: number;
  readonly sendBytes: number;
}

/**
 * Makes a UDP socket fit for media: buffers of `bufferBytes`, past `net.core.rmem_max` where we are allowed to, and no
 * reports of ICMP errors. Bun asks for those reports, and then one closed peer makes sends to all others fail.
 */
export function tuneSocket({ ffi, call }: LinuxLibc, fd: number, family: 4 | 6, bufferBytes: number): GrantedBuffers {
  const memory = allocatePinned(ffi, 16);
  const words = new Int32Array(memory.bytes.buffer);
  const value = ffi.pointer(memory.address);
  const size = ffi.pointer(memory.address + 4);
  const set = (level: number, option: number, wish: number): boolean => {
    words[0] = wish;
    return call.setsockopt(fd, level, option, value, 4) === 0;
  };
  const get = (level: number, option: number): number => {
    words[1] = 4;
    return call.getsockopt(fd, level, option, value, size) === 0 ? words[0]! : 0;
  };
  // Forcing needs CAP_NET_ADMIN; without it the kernel cuts the wish down to its limit.
  if (!set(SOL_SOCKET, SO_RCVBUFFORCE, bufferBytes)) set(SOL_SOCKET, SO_RCVBUF, bufferBytes);
  if (!set(SOL_SOCKET, SO_SNDBUFFORCE, bufferBytes)) set(SOL_SOCKET, SO_SNDBUF, bufferBytes);
  set(IPPROTO_IP, IP_RECVERR, 0);
  if (family === 6) set(IPPROTO_IPV6, IPV6_RECVERR, 0);
  const granted = { receiveBytes: get(SOL_SOCKET, SO_RCVBUF), sendBytes: get(SOL_SOCKET, SO_SNDBUF) };
  memory.release();
  return granted;
}
