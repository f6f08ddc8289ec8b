import { createUdpCounters } from "../../net/counters.ts";
import type { Carrier } from "../../net/path-table.ts";
import type { PacketPort } from "../media-worker.ts";

/** A UDP port without sockets: what leaves is handed over, path by path. */
export interface ModelPort extends PacketPort {
  /** The path of whoever is at an address. */
  pathOf(address: string, port: number): number;
  /** A path of its own that a carrier serves; its maker retains it. */
  carriedPath(address: string, port: number, carrier: Carrier): number;
  /** How many paths sessions hold now. */
  readonly held: number;
  /** How many bytes went to an address. */
  sentTo(address: string): number;
}

export function createModelPort(deliver: (bytes: Uint8Array, address: string, port: number) => void): ModelPort {
  const slab = Buffer.alloc(64 * 1024);
  const paths: { address: string; port: number; holders: number; carrier?: Carrier }[] = [];
  const queue: { path: number; offset: number; length: number }[] = [];
  const counters = createUdpCounters();
  const sent = new Map<string, number>();
  let cursor = 0;
  let reservedAt = 0;

  function flush(): void {
    const leaving = queue.splice(0).map(({ path, offset, length }) => ({
      bytes: new Uint8Array(slab.subarray(offset, offset + length)),
      ...paths[path]!,
    }));
    cursor = 0;
    counters.sent += leaving.length;
    for (const { bytes, address, port, carrier } of leaving) {
      if (carrier) {
        carrier(bytes, 0, bytes.length, bytes.length);
        continue;
      }
      sent.set(address, (sent.get(address) ?? 0) + bytes.length);
      deliver(bytes, address, port);
    }
  }

  return {
    slab,
    counters,
    reserve(length) {
      if (cursor + length > slab.length) flush();
      reservedAt = cursor;
      return cursor;
    },
    commit(path, length) {
      if (paths[path] === undefined) throw new RangeError(`there is no path ${path}`);
      queue.push({ path, offset: reservedAt, length });
      cursor = reservedAt + length;
    },
    commitRun(path, segmentSize, length) {
      for (const end = cursor + length; cursor < end; ) {
        queue.push({ path, offset: cursor, length: Math.min(segmentSize, end - cursor) });
        cursor += Math.min(segmentSize, end - cursor);
      }
    },
    flush,
    retain(path) {
      paths[path]!.holders++;
    },
    release(path) {
      if (--paths[path]!.holders < 0) throw new RangeError(`path ${path} is released too often`);
    },
    addressOf: path => paths[path]!.address,
    portOf: path => paths[path]!.port,
    carriedPath: (address, port, carrier) => paths.push({ address, port, holders: 1, carrier }) - 1,
    pathOf(address, port) {
      const known = paths.findIndex(path => path.address === address && path.port === port && !path.carrier);
      return known >= 0 ? known : paths.push({ address, port, holders: 0 }) - 1;
    },
    sentTo: address => sent.get(address) ?? 0,
    get held() {
      return paths.filter(({ holders }) => holders > 0).length;
    },
  };
}
