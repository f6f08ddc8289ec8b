import { allocatePinned, type PinnedMemory } from "../native/ffi.ts";
import { createUdpCounters, type UdpCounters } from "./counters.ts";
import { type LinuxLibc, loadLinuxLibc } from "./linux-libc.ts";
import { openSockets } from "./open-sockets.ts";
import { type Carrier, createPathTable } from "./path-table.ts";
import { addDatagram, addRun, createRuns } from "./runs.ts";
import { createRuntimeTransmitter, type Transmit } from "./runtime-transmitter.ts";
import { createSendmmsgTransmitter, MAX_MESSAGES } from "./sendmmsg-transmitter.ts";
import { SOCKADDR_SIZE } from "./sockaddr.ts";
import type { GrantedBuffers } from "./socket-options.ts";
import type { LocalAddress } from "./udp-socket.ts";

export interface UdpOptions {
  /** Local addresses to listen on, IPv4 and IPv6 alike, all on one port number. */
  readonly addresses: readonly string[];
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /**
   * A datagram came. `bytes` may be written and are the callee's until it returns. `now` is `performance.now()` at the
   * first datagram of the turn. `path` may be recycled later unless it is retained during this call.
   */
  readonly onPacket: (bytes: Uint8Array, path: number, now: number) => void;
  /** Everything readable in this turn of the event loop was delivered; what it commits leaves right after. */
  readonly onBatchEnd?: (now: number) => void;
  /** Wished size of each socket's receive and send buffer; default 4 MiB. */
  readonly bufferBytes?: number;
  /** Size of the slab; default 256 KiB, which stays in the processor's cache. At least 64 KiB. */
  readonly slabBytes?: number;
  /** Most paths known at once, default 8,192, and most of them that nobody retains, default 256. */
  readonly maxPaths?: number;
  readonly maxUnknownPaths?: number;
  /** False: send with the runtime's own means even where sendmmsg could be had. */
  readonly useSendmmsg?: boolean;
  /** Other processes of ours listen on the same addresses and port; the kernel spreads senders over them. */
  readonly reusePort?: boolean;
}

/**
 * UDP sockets on one port number. What is sent is written into the port's slab: `reserve`, write there, `commit`;
 * datagrams of one size committed one after the other to one path leave as one message. Everything committed leaves at
 * the end of the turn, at `flush`, or when the slab is full. Far ends that no UDP address leads to are paths, too: carriers
 * serve them.
 */
export interface UdpPort {
  readonly locals: readonly LocalAddress[];
  readonly counters: Readonly<UdpCounters>;
  /** The smallest buffers that any of the sockets was granted: far below the wish means lost packets under load. */
  readonly buffers: GrantedBuffers;
  /** How packets leave. */
  readonly transmitter: "sendmmsg" | "runtime";
  readonly slab: Uint8Array;
  /**
   * Makes room for one datagram.
   * @returns where to write it in the slab; valid until the next `reserve`, `send` or end of the turn
   * @throws RangeError when `length` exceeds the slab
   */
  reserve(length: number): number;
  /**
   * Queues the first `length` bytes of the last reservation; one that nothing is to be sent of is just not committed. A
   * negative path or length, as failed calls return them, queues nothing.
   */
  commit(path: number, length: number): void;
  /**
   * Queues `length` bytes from the last reservation or the end of what was queued last: datagrams of `segmentSize` bytes,
   * the last perhaps shorter, no more of them than a message may hold (64, and 65,000 bytes).
   */
  commitRun(path: number, segmentSize: number, length: number): void;
  flush(): void;
  /** Copies one datagram into the slab and queues it; outside of a turn it leaves at once. */
  send(path: number, bytes: Uint8Array, offset: number, length: number): void;
  /**
   * The path to an address, made if need be; -1 when there can be none.
   * @param local index into `locals`: the socket to reach it through; the address is then spelled as that socket has it.
   * Default: the first of its family
   */
  pathOf(address: string, port: number, local?: number): number;
  /**
   * Makes a path that a carrier serves. Its maker retains it and `release`s it when nothing can be sent there any more.
   * @returns -1 when there is no room
   */
  carriedPath(address: string, port: number, carrier: Carrier): number;
  /**
   * Begins a turn, or joins the one under way, for packets that came another way than by these sockets: its end is called
   * and what they caused leaves when everything readable was delivered. Returns the turn's time.
   */
  enterTurn(): number;
  /** Keeps a path from being recycled, as often as `release` is not called. */
  retain(path: number): void;
  release(path: number): void;
  /** How often a path is retained. */
  holdersOf(path: number): number;
  addressOf(path: number): string;
  portOf(path: number): number;
  /** Index into `locals`: the socket that a path's datagrams come and go through. */
  localOf(path: number): number;
  /** The descriptor of a local socket, where the runtime tells it; another one while the socket is paused. */
  fdOf(local: number): number | undefined;
  readonly retainedPaths: number;
  /** Drops what is queued and closes the sockets; idempotent. */
  close(): Promise<void>;
}

const DEFAULT_BUFFER = 4 * 1024 * 1024;
const DEFAULT_SLAB = 256 * 1024;

/** After so many datagrams in a turn, timers and other sockets come first. */
const MAX_TURN = 256;

/**
 * Opens the sockets of a port.
 * @throws Error with `code` EADDRINUSE when an address is taken, another when it isn't ours
 */
export async function openUdp(options: UdpOptions): Promise<UdpPort> {
  const { onPacket, onBatchEnd, maxPaths = 8192 } = options;
  const libc = loadLinuxLibc();
  const counters = createUdpCounters();
  /** Datagrams of this turn of the event loop; 0 outside of one. */
  let turn = 0;
  let now = 0;
  /** False until all sockets are there: the first may hear something while the others are being opened. */
  let isOpen = false;

  const sockets = await openSockets(
    {
      addresses: options.addresses,
      port: options.port ?? 0,
      bufferBytes: options.bufferBytes ?? DEFAULT_BUFFER,
      libc,
      reusePort: options.reusePort ?? false,
    },
    onDatagram,
    () => counters.errors++,
  );
  const native = options.useSendmmsg !== false && sockets.every(({ fd }) => fd !== undefined) ? libc : undefined;
  const slabMemory = allocate(native, options.slabBytes ?? DEFAULT_SLAB);
  const sockaddrMemory = allocate(native, maxPaths * SOCKADDR_SIZE);
  const slab = slabMemory.bytes;
  const paths = createPathTable({
    capacity: maxPaths,
    transientLimit: options.maxUnknownPaths ?? 256,
    sockaddrs: sockaddrMemory.bytes,
    families: sockets.map(({ local }) => local.family),
    beforeReuse: flush,
  });
  const runs = createRuns(MAX_MESSAGES);
  const context = { slab, paths, sockets, counters };
  const sendmmsg = native && createSendmmsgTransmitter({ ...context, libc: native, slabMemory, sockaddrMemory });
  const transmit: Transmit = sendmmsg?.transmit ?? createRuntimeTransmitter(context);
  let cursor = 0;
  let reservedAt = 0;
  isOpen = true;

  function onDatagram(local: number, bytes: Uint8Array, port: number, address: string): void {
    if (!isOpen) return;
    counters.received++;
    enterTurn();
    if (turn >= MAX_TURN) sockets[local]!.pause();
    const path = paths.heard(local, address, port);
    if (path < 0) counters.withoutPath++;
    else onPacket(bytes, path, now);
  }

  function enterTurn(): number {
    if (turn++ === 0) {
      now = performance.now();
      // Runs when all sockets that were readable have been read, on both runtimes.
      setImmediate(endTurn);
    }
    return now;
  }

  function endTurn(): void {
    turn = 0;
    if (!isOpen) return;
    for (const socket of sockets) socket.resume();
    onBatchEnd?.(now);
    flush();
  }

  function flush(): void {
    if (runs.count > 0 && isOpen) transmit(runs);
    runs.count = 0;
    cursor = 0;
  }

  function reserve(length: number): number {
    if (cursor + length > slab.length) {
      if (length > slab.length) throw new RangeError(`a datagram of ${length} bytes exceeds the slab`);
      flush();
    }
    reservedAt = cursor;
    return cursor;
  }

  function commit(path: number, length: number): void {
    if (path < 0 || length <= 0) return;
    const mayJoin = paths.refusesRuns[path] === 0;
    if (!addDatagram(runs, path, reservedAt, length, mayJoin)) {
      flush();
      addDatagram(runs, path, reservedAt, length, mayJoin);
    }
    cursor = reservedAt + length;
  }

  function commitRun(path: number, segmentSize: number, length: number): void {
    if (path < 0 || length <= 0) return;
    if (paths.refusesRuns[path] === 1) {
      for (const end = cursor + length; cursor < end; ) {
        reservedAt = cursor;
        commit(path, Math.min(segmentSize, end - cursor));
      }
      return;
    }
    const offset = cursor;
    if (!addRun(runs, path, offset, segmentSize, length)) {
      flush();
      addRun(runs, path, offset, segmentSize, length);
    }
    cursor = offset + length;
  }

  return {
    locals: sockets.map(({ local }) => local),
    counters,
    buffers: {
      receiveBytes: Math.min(...sockets.map(({ buffers }) => buffers.receiveBytes)),
      sendBytes: Math.min(...sockets.map(({ buffers }) => buffers.sendBytes)),
    },
    transmitter: sendmmsg ? "sendmmsg" : "runtime",
    slab,
    reserve,
    commit,
    commitRun,
    flush,
    send(path, bytes, offset, length) {
      const at = reserve(length);
      slab.set(bytes.subarray(offset, offset + length), at);
      commit(path, length);
      if (turn === 0) flush();
    },
    pathOf: (address, port, local) =>
      local === undefined ? paths.of(address, port) : paths.heard(local, address, port),
    carriedPath: paths.carried,
    enterTurn,
    holdersOf: paths.holdersOf,
    retain: paths.retain,
    release: paths.release,
    addressOf: paths.addressOf,
    portOf: paths.portOf,
    localOf: paths.localOf,
    fdOf: local => sockets[local]?.fd,
    get retainedPaths() {
      return paths.retained;
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await Promise.all(sockets.map(socket => socket.close()));
      sendmmsg?.release();
      slabMemory.release();
      sockaddrMemory.release();
    },
  };
}

function allocate(libc: LinuxLibc | undefined, size: number): PinnedMemory {
  if (libc) return allocatePinned(libc.ffi, size);
  return { bytes: new Uint8Array(size), address: 0, release() {} };
}
