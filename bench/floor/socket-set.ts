import { loadBunFfi } from "../../media-node/native/bun-ffi.ts";
import { allocatePinned } from "../../media-node/native/ffi.ts";
import { parseAddress } from "../../media-node/net/address.ts";
import { openBoundFd } from "../../media-node/net/bound-fd.ts";
import { loadLinuxLibc } from "../../media-node/net/linux-libc.ts";
import { writeSockaddr } from "../../media-node/net/sockaddr.ts";
import { tuneSocket } from "../../media-node/net/socket-options.ts";
import { LOOPBACK } from "./shape.ts";

/** Many UDP sockets of one load process, by system calls, so that it costs less than the server under test. */
export interface SocketSet {
  /** Local ports, by socket. */
  readonly ports: readonly number[];
  /** Datagrams are read into this. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** Reads all that has come. The datagram lies at `at` of `data`, during the call. */
  drain(receive: (socket: number, at: number, length: number) => void): void;
  /** Datagrams are sent from this. */
  readonly outgoing: Uint8Array<ArrayBuffer>;
  /** Sends the first `length` bytes of `outgoing` to a port of this machine, cut into datagrams of `segment` bytes. */
  send(socket: number, length: number, port: number): void;
  sleep(microseconds: number): void;
}

export interface SocketSetOptions {
  readonly count: number;
  /** Longer sends leave as several datagrams back to back, as one turn of a browser's pacer does. */
  readonly segment?: number;
}

const BATCH = 64;
const SLOT = 2048;
const POLLIN = 1;
const MSG_DONTWAIT = 0x40;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const BUFFER_BYTES = 1 << 20;

/** Opens `count` sockets. @throws Error where there is no Bun or no Linux */
export function openSocketSet({ count, segment }: SocketSetOptions): SocketSet {
  const ffi = loadBunFfi();
  const libc = loadLinuxLibc();
  const call = ffi?.load("libc.so.6", {
    poll: { args: ["pointer", "u32", "i32"], returns: "i32" },
    recvmmsg: { args: ["i32", "pointer", "u32", "i32", "pointer"], returns: "i32" },
    sendto: { args: ["i32", "pointer", "u32", "i32", "pointer", "u32"], returns: "i32" },
    getsockname: { args: ["i32", "pointer", "pointer"], returns: "i32" },
    usleep: { args: ["u32"], returns: "i32" },
  });
  if (!ffi || !libc || !call) throw new Error("the load tool needs Bun on Linux");

  const scratch = allocatePinned(ffi, 64);
  const scratchView = new DataView(scratch.bytes.buffer);
  const polls = allocatePinned(ffi, count * 8);
  const pollView = new DataView(polls.bytes.buffer);
  const fds = new Int32Array(count);
  const ports: number[] = [];
  for (let i = 0; i < count; i++) {
    const fd = openBoundFd(libc, LOOPBACK, 0, 4);
    tuneSocket(libc, fd, 4, BUFFER_BYTES);
    scratchView.setUint32(32, segment ?? 0, true);
    if (segment !== undefined) libc.call.setsockopt(fd, SOL_UDP, UDP_SEGMENT, scratch.address + 32, 4);
    scratchView.setUint32(32, 16, true);
    call.getsockname(fd, scratch.address, scratch.address + 32);
    fds[i] = fd;
    ports.push(scratchView.getUint16(2));
    pollView.setInt32(i * 8, fd, true);
    pollView.setInt16(i * 8 + 4, POLLIN, true);
  }

  const data = allocatePinned(ffi, BATCH * SLOT);
  const outgoing = allocatePinned(ffi, 1 << 16);
  const vectors = allocatePinned(ffi, BATCH * 16);
  const vectorView = new DataView(vectors.bytes.buffer);
  const headers = allocatePinned(ffi, BATCH * 64);
  const headerView = new DataView(headers.bytes.buffer);
  for (let i = 0; i < BATCH; i++) {
    vectorView.setBigUint64(i * 16, BigInt(data.address + i * SLOT), true);
    vectorView.setBigUint64(i * 16 + 8, BigInt(SLOT), true);
    headerView.setBigUint64(i * 64 + 16, BigInt(vectors.address + i * 16), true);
    headerView.setBigUint64(i * 64 + 24, 1n, true);
  }
  const loopback = parseAddress(LOOPBACK)!;
  writeSockaddr(scratch.bytes, 0, loopback, 0);

  function drainOne(socket: number, receive: Parameters<SocketSet["drain"]>[0]): void {
    for (;;) {
      const got = call!.recvmmsg(fds[socket]!, headers.address, BATCH, MSG_DONTWAIT, 0);
      for (let i = 0; i < got; i++) receive(socket, i * SLOT, headerView.getUint32(i * 64 + 56, true));
      if (got < BATCH) return;
    }
  }

  return {
    ports,
    data: data.bytes,
    drain(receive) {
      if (call.poll(polls.address, count, 0) <= 0) return;
      for (let i = 0; i < count; i++) if (pollView.getInt16(i * 8 + 6, true) & POLLIN) drainOne(i, receive);
    },
    outgoing: outgoing.bytes,
    send(socket, length, port) {
      scratchView.setUint16(2, port);
      call.sendto(fds[socket]!, outgoing.address, length, MSG_DONTWAIT, scratch.address, 16);
    },
    sleep: microseconds => void call.usleep(microseconds),
  };
}
