import { formatAddress, isMapped, parseAddress } from "./address.ts";
import { SOCKADDR_SIZE, writeSockaddr } from "./sockaddr.ts";

const NONE = -1;

/**
 * Takes the datagrams of a path that no UDP socket serves: a TCP connection, a relay of this process. `length` bytes at
 * `offset` are datagrams of `segmentSize` bytes, the last perhaps shorter; they are its until it returns. What it can't
 * send it drops. It must not send by the port that calls it.
 */
export type Carrier = (bytes: Uint8Array, offset: number, length: number, segmentSize: number) => void;

const nowhere: Carrier = () => {};

/**
 * Integers for the far ends of one port's sockets: a path is (local socket, remote address, remote port). A path that
 * nobody retains lives until `transientLimit` newer ones were made; so unknown senders cost bounded memory, and a flood
 * of them never takes a path away that a session holds.
 */
export interface PathTable {
  /** The path of a datagram's sender; NONE (-1) when every path is retained. */
  heard(local: number, address: string, port: number): number;
  /** The path to an address in any spelling; -1 when it is none, no local socket has its family, or the table is full. */
  of(address: string, port: number): number;
  /**
   * Makes a path that a carrier serves and no datagram is heard on; -1 when every path is retained. It is retained, and
   * carries nothing once it is no longer.
   */
  carried(address: string, port: number, carrier: Carrier): number;
  /** What serves a path; undefined: its socket does. */
  carrierOf(path: number): Carrier | undefined;
  /** How often a path is retained. */
  holdersOf(path: number): number;
  retain(path: number): void;
  release(path: number): void;
  addressOf(path: number): string;
  portOf(path: number): number;
  localOf(path: number): number;
  /** How many paths are held by somebody, and how many are known at all. */
  readonly retained: number;
  readonly known: number;
  /** A `struct sockaddr` of `SOCKADDR_SIZE` bytes for every path, zeros where the address has a zone or a carrier serves it. */
  readonly sockaddrs: Uint8Array;
  /** 1 for a path that has refused segmented messages; kept while the path lives. */
  readonly refusesRuns: Uint8Array;
}

export interface PathTableOptions {
  readonly capacity: number;
  readonly transientLimit: number;
  /** `capacity * SOCKADDR_SIZE` zeroed bytes. */
  readonly sockaddrs: Uint8Array;
  /** Family of each local socket, in their order. */
  readonly families: readonly (4 | 6)[];
  /** Called before a path's number gets another address: whatever is queued for the old one must leave now. */
  readonly beforeReuse: () => void;
}

export function createPathTable(options: PathTableOptions): PathTable {
  const { capacity, transientLimit, sockaddrs, families, beforeReuse } = options;
  const addresses: string[] = new Array<string>(capacity).fill("");
  const ports = new Uint16Array(capacity);
  const locals = new Uint8Array(capacity);
  const holders = new Uint32Array(capacity);
  const refusesRuns = new Uint8Array(capacity);
  const carriers: (Carrier | undefined)[] = [];
  const byAddress = families.map(() => new Map<string, Map<number, number>>());
  // Transient paths form a list from the oldest to the newest; unused ones form a stack through `newer`.
  const older = new Int32Array(capacity).fill(NONE);
  const newer = Int32Array.from({ length: capacity }, (_, path) => (path + 1 < capacity ? path + 1 : NONE));
  let unused = 0;
  let oldest = NONE;
  let newest = NONE;
  let transients = 0;
  let retained = 0;

  function appendTransient(path: number): void {
    older[path] = newest;
    newer[path] = NONE;
    if (newest === NONE) oldest = path;
    else newer[newest] = path;
    newest = path;
    transients++;
  }

  function removeTransient(path: number): void {
    const before = older[path]!;
    const after = newer[path]!;
    if (before === NONE) oldest = after;
    else newer[before] = after;
    if (after === NONE) newest = before;
    else older[after] = before;
    transients--;
  }

  function forget(path: number): void {
    const paths = byAddress[locals[path]!]!;
    const ofAddress = paths.get(addresses[path]!)!;
    ofAddress.delete(ports[path]!);
    if (ofAddress.size === 0) paths.delete(addresses[path]!);
  }

  function dropOldest(): void {
    const path = oldest;
    removeTransient(path);
    forget(path);
    newer[path] = unused;
    unused = path;
  }

  /** A path that nothing finds yet. */
  function take(local: number, address: string, port: number, carrier: Carrier | undefined): number {
    if (oldest !== NONE && (unused === NONE || transients >= transientLimit)) dropOldest();
    if (unused === NONE) return NONE;
    const path = unused;
    unused = newer[path]!;
    if (addresses[path] !== "") beforeReuse();
    addresses[path] = address;
    ports[path] = port;
    locals[path] = local;
    holders[path] = 0;
    refusesRuns[path] = 0;
    carriers[path] = carrier;
    const bytes = carrier ? undefined : parseAddress(address);
    if (bytes) writeSockaddr(sockaddrs, path * SOCKADDR_SIZE, bytes, port);
    else sockaddrs.fill(0, path * SOCKADDR_SIZE, (path + 1) * SOCKADDR_SIZE);
    return path;
  }

  function create(local: number, address: string, port: number): number {
    const path = take(local, address, port, undefined);
    if (path === NONE) return NONE;
    let ofAddress = byAddress[local]!.get(address);
    if (!ofAddress) {
      ofAddress = new Map();
      byAddress[local]!.set(address, ofAddress);
    }
    ofAddress.set(port, path);
    appendTransient(path);
    return path;
  }

  function heard(local: number, address: string, port: number): number {
    return byAddress[local]!.get(address)?.get(port) ?? create(local, address, port);
  }

  return {
    heard,
    of(address, port) {
      let bytes = parseAddress(address);
      if (!bytes || !(port > 0 && port < 0x10000)) return NONE;
      if (isMapped(bytes)) bytes = bytes.subarray(12);
      const local = families.indexOf(bytes.length === 4 ? 4 : 6);
      return local < 0 ? NONE : heard(local, formatAddress(bytes), port);
    },
    carried(address, port, carrier) {
      const path = take(0, address, port, carrier);
      if (path === NONE) return NONE;
      holders[path] = 1;
      retained++;
      return path;
    },
    carrierOf: path => carriers[path],
    holdersOf: path => holders[path]!,
    retain(path) {
      if (holders[path]!++ > 0) return;
      removeTransient(path);
      retained++;
    },
    release(path) {
      if (holders[path] === 0) throw new RangeError(`path ${path} is not retained`);
      if (--holders[path]! > 0) return;
      retained--;
      if (carriers[path]) {
        // Until the number is another path's, what is still queued for this one must not find a socket.
        carriers[path] = nowhere;
        newer[path] = unused;
        unused = path;
        return;
      }
      appendTransient(path);
      if (transients > transientLimit) dropOldest();
    },
    addressOf: path => addresses[path]!,
    portOf: path => ports[path]!,
    localOf: path => locals[path]!,
    get retained() {
      return retained;
    },
    get known() {
      return retained + transients;
    },
    sockaddrs,
    refusesRuns,
  };
}
