import { allocatePinned, type Ffi, type Pointer } from "../native/ffi.ts";
import { SOCKADDR_SIZE } from "./sockaddr.ts";

const MMSGHDR = 64;
const IOVEC = 16;
const CONTROL = 24;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const HIGH = 0x100000000;

/**
 * Memory for the `struct mmsghdr` of messages to one socket, with the iovec, control message and name that each
 * points to. All that never changes is written once; a message costs seven stores.
 */
export interface MessageBatch {
  /** How many messages stand in the batch. */
  count: number;
  /** The run that message `i` carries. */
  readonly runs: Int32Array;
  /** Writes message `i`: `length` bytes at `dataAddress` to the sockaddr of `path`, cut into segments of that size. */
  write(i: number, path: number, dataAddress: number, length: number, segmentSize: number): void;
  /** The `struct mmsghdr` of message `i`. */
  pointerTo(i: number): Pointer;
  release(): void;
}

/** @param sockaddrs address of the sockaddrs of all paths, `SOCKADDR_SIZE` bytes each */
export function createMessageBatch(ffi: Ffi, capacity: number, family: 4 | 6, sockaddrs: number): MessageBatch {
  const headers = allocatePinned(ffi, capacity * MMSGHDR);
  const vectors = allocatePinned(ffi, capacity * IOVEC);
  const controls = allocatePinned(ffi, capacity * CONTROL);
  const header = new Uint32Array(headers.bytes.buffer);
  const vector = new Uint32Array(vectors.bytes.buffer);
  const control = new Uint32Array(controls.bytes.buffer);

  function writePointer(words: Uint32Array, at: number, address: number): void {
    words[at] = address % HIGH;
    words[at + 1] = address / HIGH;
  }

  for (let i = 0; i < capacity; i++) {
    const h = (i * MMSGHDR) >> 2;
    header[h + 2] = family === 4 ? 16 : 28; // msg_namelen
    writePointer(header, h + 4, vectors.address + i * IOVEC);
    header[h + 6] = 1; // msg_iovlen
    writePointer(header, h + 8, controls.address + i * CONTROL);
    const c = (i * CONTROL) >> 2;
    control[c] = 18; // cmsg_len: a header of 16 bytes and a uint16
    control[c + 2] = SOL_UDP;
    control[c + 3] = UDP_SEGMENT;
  }

  return {
    count: 0,
    runs: new Int32Array(capacity),
    write(i, path, dataAddress, length, segmentSize) {
      const h = (i * MMSGHDR) >> 2;
      writePointer(header, h, sockaddrs + path * SOCKADDR_SIZE);
      header[h + 10] = length > segmentSize ? CONTROL : 0; // msg_controllen
      control[((i * CONTROL) >> 2) + 4] = segmentSize;
      const v = (i * IOVEC) >> 2;
      writePointer(vector, v, dataAddress);
      vector[v + 2] = length;
    },
    pointerTo: i => ffi.pointer(headers.address + i * MMSGHDR),
    release() {
      headers.release();
      vectors.release();
      controls.release();
    },
  };
}
