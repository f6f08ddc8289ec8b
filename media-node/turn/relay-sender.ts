import { allocatePinned, type PinnedMemory } from "../native/ffi.ts";
import { formatAddress } from "../net/address.ts";
import type { LinuxLibc } from "../net/linux-libc.ts";
import { Errno } from "../net/linux-libc.ts";
import { createMessageBatch, type MessageBatch } from "../net/message-batch.ts";
import { addDatagram, createRuns, segmentCount } from "../net/runs.ts";
import { SOCKADDR_SIZE, writeSockaddr } from "../net/sockaddr.ts";
import type { UdpDatagrams, UdpSocket } from "../net/udp-socket.ts";

/** Counts of what relays sent. */
export interface RelayCounters {
  sent: number;
  messages: number;
  /** Refused by a full buffer, or by the destination. */
  dropped: number;
}

/**
 * The way out of all relays of a worker: one slab and one list of runs for thousands of sockets. A peer number stands
 * for a destination and, from the first datagram on, for the socket that it is reached through.
 */
export interface RelaySender {
  readonly counters: RelayCounters;
  readonly slab: Uint8Array;
  reserve(length: number): number;
  commit(socket: UdpSocket, peer: number, length: number): void;
  flush(): void;
  rememberPeer(address: Uint8Array, family: number, port: number): number;
  forgetPeer(peer: number): void;
  passingPeer(address: Uint8Array, family: number, port: number): number;
  close(): void;
}

const SLAB_BYTES = 256 * 1024;
const MAX_RUNS = 1024;
/** Destinations of Send indications between two flushes. */
const PASSING = 256;
const MSG_DONTWAIT = 0x40;

/**
 * @param libc sends with sendmmsg and UDP_SEGMENT; undefined: datagram by datagram, with the runtime's means
 * @param maxPeers most destinations remembered at once
 */
export function createRelaySender(libc: LinuxLibc | undefined, maxPeers: number): RelaySender {
  const capacity = maxPeers + PASSING;
  const slabMemory = allocate(libc, SLAB_BYTES);
  const peerMemory = allocate(libc, capacity * SOCKADDR_SIZE);
  const slab = slabMemory.bytes;
  const runs = createRuns(MAX_RUNS);
  const counters: RelayCounters = { sent: 0, messages: 0, dropped: 0 };
  const sockets: (UdpSocket | undefined)[] = [];
  const refusesRuns = new Uint8Array(capacity);
  const batches = libc && {
    4: createMessageBatch(libc.ffi, MAX_RUNS, 4, peerMemory.address),
    6: createMessageBatch(libc.ffi, MAX_RUNS, 6, peerMemory.address),
  };
  /** A stack of peer numbers that nobody has. */
  const unused = new Int32Array(maxPeers);
  let unusedCount = 0;
  /** Numbers below were given out before. */
  let fresh = 0;
  let passing = 0;
  let cursor = 0;
  let reservedAt = 0;

  function writePeer(peer: number, address: Uint8Array, family: number, port: number): void {
    const bytes = family === 1 ? address.subarray(0, 4) : address;
    writeSockaddr(peerMemory.bytes, peer * SOCKADDR_SIZE, bytes, port);
    refusesRuns[peer] = 0;
  }

  function sendWithRuntime(run: number): void {
    const peer = runs.paths[run]!;
    const at = peer * SOCKADDR_SIZE;
    const { bytes } = peerMemory;
    const socket = sockets[peer]!;
    const isIpv4 = socket.local.family === 4;
    const address = formatAddress(bytes.subarray(at + (isIpv4 ? 4 : 8), at + (isIpv4 ? 8 : 24)));
    const port = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    const size = runs.segmentSizes[run]!;
    const end = runs.offsets[run]! + runs.lengths[run]!;
    const datagrams: UdpDatagrams = [];
    for (let from = runs.offsets[run]!; from < end || from === runs.offsets[run]; from += size || 1)
      datagrams.push(slab.subarray(from, Math.min(from + size, end)), port, address);
    const sent = socket.sendMany(datagrams);
    counters.sent += sent;
    counters.messages += sent;
    counters.dropped += datagrams.length / 3 - sent;
  }

  /** Sends messages `from` to `to` of a batch; goes on behind one that fails. */
  function sendBatch({ call, errno }: LinuxLibc, batch: MessageBatch, fd: number, from: number, to: number): void {
    let next = from;
    while (next < to) {
      const sent = call.sendmmsg(fd, batch.pointerTo(next), to - next, MSG_DONTWAIT);
      for (let i = 0; i < sent; i++) counters.sent += segments(batch.runs[next + i]!);
      if (sent > 0) {
        counters.messages += sent;
        next += sent;
        continue;
      }
      const error = errno();
      if (error === Errno.EINTR) continue;
      const run = batch.runs[next++]!;
      const peer = runs.paths[run]!;
      const isSingle = segments(run) === 1;
      if (isSingle || error === Errno.EAGAIN || error === Errno.ENOBUFS) counters.dropped += segments(run);
      else {
        // A device or MTU that takes no segments: datagram by datagram from now on.
        refusesRuns[peer] = 1;
        sendWithRuntime(run);
      }
    }
  }

  function segments(run: number): number {
    return runs.lengths[run] === 0 ? 1 : segmentCount(runs, run);
  }

  function flush(): void {
    if (libc && batches) {
      let batch: MessageBatch = batches[4];
      let fd = -1;
      let from = 0;
      for (let run = 0; run < runs.count; run++) {
        const peer = runs.paths[run]!;
        const socket = sockets[peer]!;
        if (socket.fd === undefined) {
          sendWithRuntime(run);
          continue;
        }
        if (socket.fd !== fd) {
          if (fd >= 0) sendBatch(libc, batch, fd, from, batch.count);
          batch = batches[socket.local.family];
          fd = socket.fd;
          from = batch.count;
        }
        batch.runs[batch.count] = run;
        const data = slabMemory.address + runs.offsets[run]!;
        batch.write(batch.count++, peer, data, runs.lengths[run]!, runs.segmentSizes[run]!);
      }
      if (fd >= 0) sendBatch(libc, batch, fd, from, batch.count);
      batches[4].count = 0;
      batches[6].count = 0;
    } else for (let run = 0; run < runs.count; run++) sendWithRuntime(run);
    runs.count = 0;
    cursor = 0;
  }

  return {
    counters,
    slab,
    reserve(length) {
      if (cursor + length > slab.length) flush();
      reservedAt = cursor;
      return cursor;
    },
    commit(socket, peer, length) {
      sockets[peer] = socket;
      // An empty datagram has no size to cut by.
      const mayJoin = length > 0 && refusesRuns[peer] === 0 && socket.fd !== undefined;
      if (!addDatagram(runs, peer, reservedAt, length, mayJoin)) {
        const at = reservedAt;
        flush();
        addDatagram(runs, peer, at, length, mayJoin);
      }
      cursor = reservedAt + length;
    },
    flush,
    rememberPeer(address, family, port) {
      if (unusedCount === 0 && fresh === maxPeers) return -1;
      const peer = unusedCount > 0 ? unused[--unusedCount]! : fresh++;
      writePeer(peer, address, family, port);
      return peer;
    },
    forgetPeer(peer) {
      if (runs.count > 0) flush();
      sockets[peer] = undefined;
      unused[unusedCount++] = peer;
    },
    passingPeer(address, family, port) {
      if (passing === PASSING) {
        flush();
        passing = 0;
      }
      const peer = maxPeers + passing++;
      writePeer(peer, address, family, port);
      return peer;
    },
    close() {
      runs.count = 0;
      slabMemory.release();
      peerMemory.release();
      batches?.[4].release();
      batches?.[6].release();
    },
  };
}

function allocate(libc: LinuxLibc | undefined, size: number): PinnedMemory {
  if (libc) return allocatePinned(libc.ffi, size);
  return { bytes: new Uint8Array(size), address: 0, release() {} };
}
