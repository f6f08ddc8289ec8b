import { allocatePinned, type Pointer } from "../native/ffi.ts";
import { formatAddress } from "../net/address.ts";
import { type LinuxLibc, loadLinuxLibc } from "../net/linux-libc.ts";

/**
 * Gets each datagram; `bytes` at `offset` are its until it returns.
 * @param ipv4 sender's address as a number, or -1: then `sender()` tells it as text
 */
export type DatagramReceiver = (
  tag: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
  ipv4: number,
  port: number,
) => void;

/**
 * Reads the descriptors of sockets that the runtime opened, past the runtime: many datagrams a call, into memory of ours,
 * without an object for any of them. Whatever it leaves, the runtime reads as ever.
 */
export interface Poller {
  /** The memory that datagrams are read into: pinned. */
  readonly memory: Uint8Array;
  /** @param fdOf asked anew at every read: a paused socket's descriptor is another one */
  add(tag: number, fd: number, fdOf: () => number | undefined): void;
  remove(tag: number): void;
  /** Reads what has come. Returns how many datagrams that were. */
  poll(): number;
  /** Address of the datagram being received, as text. */
  sender(): string;
  /** Blocks this thread. */
  sleep(microseconds: number): void;
  close(): void;
}

const MMSGHDR = 64;
const IOVEC = 16;
const NAME = 28;
const SLOTS = 32;
/** Room for any datagram; no power of two, or all slots would share the same lines of the processor's cache. */
const STRIDE = 65_536 + 2_176;
const EVENTS = 256;
/** `struct epoll_event` is packed on x86-64 alone. */
const EVENT = process.arch === "x64" ? 12 : 16;
const EVENT_DATA = EVENT - 8;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;
const EPOLL_CLOEXEC = 0x80000;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const AF_INET = 2;
const HIGH = 0x100000000;
/** Reads of one socket before the others have their turn. */
const MAX_READS = 4;

/** Undefined where the system or the runtime has no such calls, or refuses them: the runtime then reads alone. */
export function createPoller(
  receive: DatagramReceiver,
  system: Pick<LinuxLibc, "ffi"> | undefined = loadLinuxLibc(),
): Poller | undefined {
  const ffi = system?.ffi;
  const libc = ffi?.load("libc.so.6", {
    epoll_create1: { args: ["i32"], returns: "i32" },
    epoll_ctl: { args: ["i32", "i32", "i32", "pointer"], returns: "i32" },
    epoll_wait: { args: ["i32", "pointer", "i32", "i32"], returns: "i32" },
    recvmmsg: { args: ["i32", "pointer", "u32", "i32", "pointer"], returns: "i32" },
    usleep: { args: ["u32"], returns: "i32" },
    close: { args: ["i32"], returns: "i32" },
  });
  if (!ffi || !libc) return undefined;
  const call = libc;
  const set = call.epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) return undefined;

  const data = allocatePinned(ffi, SLOTS * STRIDE);
  const headers = allocatePinned(ffi, SLOTS * MMSGHDR);
  const vectors = allocatePinned(ffi, SLOTS * IOVEC);
  const names = allocatePinned(ffi, SLOTS * NAME);
  const events = allocatePinned(ffi, EVENTS * EVENT);
  const header = new Uint32Array(headers.bytes.buffer);
  const vector = new Uint32Array(vectors.bytes.buffer);
  const event = new DataView(events.bytes.buffer);
  const pointers = { headers: ffi.pointer(headers.address), events: ffi.pointer(events.address), none: ffi.pointer(0) };
  const descriptors: ((() => number | undefined) | undefined)[] = [];
  /** How many datagrams a read may take: some more than the last one got, since each slot has to be made ready. */
  const wanted: number[] = [];
  const name = names.bytes;
  let nameAt = 0;

  function point(words: Uint32Array, at: number, address: number): void {
    words[at] = address % HIGH;
    words[at + 1] = address / HIGH;
  }
  for (let i = 0; i < SLOTS; i++) {
    point(header, i * 16, names.address + i * NAME);
    point(header, i * 16 + 4, vectors.address + i * IOVEC);
    header[i * 16 + 6] = 1;
    point(vector, i * 4, data.address + i * STRIDE);
    vector[i * 4 + 2] = 65_536;
  }

  function deliver(tag: number, slot: number): void {
    if ((header[slot * 16 + 12]! & MSG_TRUNC) !== 0) return;
    nameAt = slot * NAME;
    const isIpv4 = name[nameAt] === AF_INET;
    const ipv4 = isIpv4
      ? ((name[nameAt + 4]! << 24) | (name[nameAt + 5]! << 16) | (name[nameAt + 6]! << 8) | name[nameAt + 7]!) >>> 0
      : -1;
    const port = (name[nameAt + 2]! << 8) | name[nameAt + 3]!;
    receive(tag, data.bytes, slot * STRIDE, header[slot * 16 + 14]!, ipv4, port);
  }

  function read(tag: number): number {
    let total = 0;
    for (let reads = 0; reads < MAX_READS; reads++) {
      const fd = descriptors[tag]?.();
      if (fd === undefined) break;
      const slots = wanted[tag]!;
      // The kernel writes the true length over the room there is.
      for (let i = 0; i < slots; i++) header[i * 16 + 2] = NAME;
      const count = call.recvmmsg(fd, pointers.headers, slots, MSG_DONTWAIT, pointers.none as Pointer);
      wanted[tag] = Math.min(SLOTS, 2 * Math.max(count, 1));
      for (let slot = 0; slot < count; slot++) deliver(tag, slot);
      if (count > 0) total += count;
      if (count < slots) break;
    }
    return total;
  }

  return {
    memory: data.bytes,
    add(tag, fd, fdOf) {
      event.setUint32(0, EPOLLIN, true);
      event.setUint32(EVENT_DATA, tag, true);
      if (call.epoll_ctl(set, EPOLL_CTL_ADD, fd, pointers.events) !== 0) return;
      descriptors[tag] = fdOf;
      wanted[tag] = SLOTS;
    },
    remove(tag) {
      // The kernel forgets the socket when it is closed.
      descriptors[tag] = undefined;
    },
    poll() {
      const ready = call.epoll_wait(set, pointers.events, EVENTS, 0);
      let total = 0;
      for (let i = 0; i < ready; i++) total += read(event.getUint32(i * EVENT + EVENT_DATA, true));
      return total;
    },
    sender() {
      const isIpv4 = name[nameAt] === AF_INET;
      return formatAddress(isIpv4 ? name.subarray(nameAt + 4, nameAt + 8) : name.subarray(nameAt + 8, nameAt + 24));
    },
    sleep(microseconds) {
      call.usleep(microseconds);
    },
    close() {
      call.close(set);
      for (const memory of [data, headers, vectors, names, events]) memory.release();
    },
  };
}
