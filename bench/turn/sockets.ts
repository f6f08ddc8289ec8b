/** UDP sockets by system calls, so that one busy loop sends at an exact rate and receives from thousands. Bun only. */
import { loadBunFfi } from "../../media-node/native/bun-ffi.ts";
import { allocatePinned } from "../../media-node/native/ffi.ts";
import { writeSockaddr } from "../../media-node/net/sockaddr.ts";

const found = loadBunFfi();
const libc = found?.load("libc.so.6", {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "pointer", "u32"], returns: "i32" },
  connect: { args: ["i32", "pointer", "u32"], returns: "i32" },
  getsockname: { args: ["i32", "pointer", "pointer"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "pointer", "u32"], returns: "i32" },
  sendto: { args: ["i32", "pointer", "u32", "i32", "pointer", "u32"], returns: "i32" },
  recv: { args: ["i32", "pointer", "u32", "i32"], returns: "i32" },
  epoll_create1: { args: ["i32"], returns: "i32" },
  epoll_ctl: { args: ["i32", "i32", "i32", "pointer"], returns: "i32" },
  epoll_wait: { args: ["i32", "pointer", "i32", "i32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
});
if (!found || !libc) throw new Error("the load tool runs on Bun on Linux");
const ffi = found;
const call = libc;

const AF_INET = 2;
const SOCK_DGRAM_NONBLOCK = 2 | 0x800;
const MSG_DONTWAIT = 0x40;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_EVENT = 12;
const MAX_EVENTS = 256;
const BUFFER = 8 * 1024 * 1024;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

const scratch = allocatePinned(ffi, 64);
const events = allocatePinned(ffi, EPOLL_EVENT * MAX_EVENTS);
const eventView = new DataView(events.bytes.buffer);
const incoming = allocatePinned(ffi, 65_536);
const outgoing = allocatePinned(ffi, 65_536);
const target = allocatePinned(ffi, 32);

/** What `receive` got last. */
export const received = incoming.bytes;
/** What `send` sends. */
export const packet = outgoing.bytes;

function address(port: number): void {
  writeSockaddr(scratch.bytes, 0, LOOPBACK, port);
}

/** A socket on 127.0.0.1, connected where `remote` is given. */
export function openSocket(remote?: number): number {
  const fd = call.socket(AF_INET, SOCK_DGRAM_NONBLOCK, 0);
  if (fd < 0) throw new Error("no more sockets: raise the limit of open files");
  address(0);
  call.bind(fd, scratch.address, 16);
  if (remote !== undefined) {
    address(remote);
    call.connect(fd, scratch.address, 16);
  }
  new Int32Array(scratch.bytes.buffer)[0] = BUFFER;
  call.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, scratch.address, 4);
  call.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, scratch.address, 4);
  return fd;
}

export function portOf(fd: number): number {
  new Int32Array(scratch.bytes.buffer)[8] = 16;
  call.getsockname(fd, scratch.address, scratch.address + 32);
  return (scratch.bytes[2]! << 8) | scratch.bytes[3]!;
}

/** Sends the first `length` bytes of `packet`, on an unconnected socket to `port`. */
export function send(fd: number, length: number, port = 0): boolean {
  if (port === 0) return call.sendto(fd, outgoing.address, length, MSG_DONTWAIT, 0, 0) === length;
  writeSockaddr(target.bytes, 0, LOOPBACK, port);
  return call.sendto(fd, outgoing.address, length, MSG_DONTWAIT, target.address, 16) === length;
}

/** Reads one datagram into `received`; -1 if there is none. */
export function receive(fd: number): number {
  return call.recv(fd, incoming.address, incoming.bytes.length, MSG_DONTWAIT);
}

export function closeSocket(fd: number): void {
  call.close(fd);
}

/** Sockets to be read: `readable` calls back with each that has something. */
export function createPoll(): { add(fd: number, index: number): void; readable(each: (index: number) => void): void } {
  const poll = call.epoll_create1(0);
  return {
    add(fd, index) {
      const view = new DataView(scratch.bytes.buffer);
      view.setUint32(0, EPOLLIN, true);
      view.setUint32(4, index, true);
      call.epoll_ctl(poll, EPOLL_CTL_ADD, fd, scratch.address);
    },
    readable(each) {
      const count = call.epoll_wait(poll, events.address, MAX_EVENTS, 0);
      for (let i = 0; i < count; i++) each(eventView.getUint32(i * EPOLL_EVENT + 4, true));
    },
  };
}
