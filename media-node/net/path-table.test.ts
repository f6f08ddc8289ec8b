import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPathTable } from "./path-table.ts";
import { SOCKADDR_SIZE } from "./sockaddr.ts";

function table(capacity = 16, transientLimit = 4, families: (4 | 6)[] = [4, 6]) {
  let reuses = 0;
  const sockaddrs = new Uint8Array(capacity * SOCKADDR_SIZE);
  const paths = createPathTable({ capacity, transientLimit, sockaddrs, families, beforeReuse: () => reuses++ });
  return { paths, reuses: () => reuses };
}

describe("paths", () => {
  it("are the same for the same sender and differ by address, port and socket", () => {
    const { paths } = table();
    const path = paths.heard(0, "192.0.2.1", 5000);
    expect(paths.heard(0, "192.0.2.1", 5000)).toBe(path);
    const others = [paths.heard(0, "192.0.2.1", 5001), paths.heard(0, "192.0.2.2", 5000), paths.heard(1, "::1", 5000)];
    expect(new Set([path, ...others]).size).toBe(4);
    expect([paths.addressOf(others[2]!), paths.portOf(others[2]!), paths.localOf(others[2]!)]).toEqual([
      "::1",
      5000,
      1,
    ]);
  });

  it("to an address are those that its datagrams come from, however it is spelled", () => {
    const { paths } = table();
    expect(paths.of("192.0.2.1", 7)).toBe(paths.heard(0, "192.0.2.1", 7));
    expect(paths.of("::ffff:192.0.2.1", 7)).toBe(paths.heard(0, "192.0.2.1", 7));
    expect(paths.of("2001:DB8:0:0::1", 7)).toBe(paths.heard(1, "2001:db8::1", 7));
  });

  it("don't exist to what is no address, port 0, or a family without a socket", () => {
    const { paths } = table(4, 4, [4]);
    expect([paths.of("host", 1), paths.of("1.2.3.4", 0), paths.of("1.2.3.4", 65_536), paths.of("::1", 1)]).toEqual([
      -1, -1, -1, -1,
    ]);
    expect(paths.known).toBe(0);
  });

  it("have the sockaddr of their address", () => {
    const { paths } = table();
    const of = (path: number) => [...paths.sockaddrs.subarray(path * SOCKADDR_SIZE, (path + 1) * SOCKADDR_SIZE)];
    const zeros = (count: number) => new Array<number>(count).fill(0);
    expect(of(paths.of("127.0.0.1", 0x1234))).toEqual([2, 0, 0x12, 0x34, 127, 0, 0, 1, ...zeros(24)]);
    expect(of(paths.of("fd00::9", 0x1234))).toEqual([
      10,
      0,
      0x12,
      0x34,
      ...zeros(4),
      0xfd,
      ...zeros(14),
      9,
      ...zeros(8),
    ]);
    expect(of(paths.heard(1, "fe80::1%eth0", 1))).toEqual(zeros(32));
  });
});

describe("a flood of unknown senders", () => {
  it("costs as many paths as may be transient, and no retained one", () => {
    const { paths, reuses } = table();
    const held = paths.heard(0, "192.0.2.1", 1);
    paths.retain(held);
    for (let port = 1; port < 1000; port++) expect(paths.heard(0, "198.51.100.1", port)).toBeGreaterThanOrEqual(0);
    expect(paths.known).toBe(5);
    expect(reuses()).toBe(999 - 4);
    expect(paths.heard(0, "192.0.2.1", 1)).toBe(held);
    expect(paths.addressOf(held)).toBe("192.0.2.1");
  });

  it("finds no path once all are retained, until one is released", () => {
    const { paths } = table(3, 8);
    const all = [1, 2, 3].map(port => paths.heard(0, "192.0.2.1", port));
    all.forEach(paths.retain);
    expect(paths.heard(0, "192.0.2.1", 4)).toBe(-1);
    expect(paths.of("192.0.2.1", 5)).toBe(-1);
    paths.release(all[1]!);
    expect(paths.heard(0, "192.0.2.1", 4)).toBe(all[1]);
    expect(paths.heard(0, "192.0.2.1", 2)).toBe(all[1]);
  });

  it("forgets that the path refused runs when its number goes to another", () => {
    const { paths } = table(8, 1);
    const path = paths.heard(0, "192.0.2.1", 1);
    paths.refusesRuns[path] = 1;
    expect(paths.heard(0, "192.0.2.2", 1)).toBe(path);
    expect(paths.refusesRuns[path]).toBe(0);
  });
});

describe("a carried path", () => {
  it("is heard from no address, is served by its carrier while anybody holds it, and then by nothing", () => {
    const { paths, reuses } = table(2, 2);
    const carried: number[] = [];
    const path = paths.carried("192.0.2.1", 443, (_bytes, _offset, length) => carried.push(length));
    expect([paths.addressOf(path), paths.portOf(path), paths.holdersOf(path)]).toEqual(["192.0.2.1", 443, 1]);
    expect(paths.heard(0, "192.0.2.1", 443)).not.toBe(path);
    paths.retain(path);
    paths.release(path);
    paths.carrierOf(path)!(new Uint8Array(0), 0, 7, 7);
    paths.release(path);
    paths.carrierOf(path)!(new Uint8Array(0), 0, 8, 8);
    expect(carried).toEqual([7]);
    expect(paths.heard(0, "192.0.2.1", 444)).toBe(path);
    expect(reuses()).toBe(1);
    expect(paths.carrierOf(path)).toBeUndefined();
  });

  it("can't be made when all are held", () => {
    const { paths } = table(2, 2);
    const make = () => paths.carried("192.0.2.1", 1, () => {});
    const all = [make(), make()];
    expect(make()).toBe(-1);
    expect(paths.heard(0, "192.0.2.1", 1)).toBe(-1);
    paths.release(all[0]!);
    expect(make()).toBe(all[0]);
    expect(paths.retained).toBe(2);
  });
});

it("holds what is retained as often as it was retained, and refuses one release too many", () => {
  const { paths } = table(8, 1);
  const path = paths.heard(0, "192.0.2.1", 1);
  paths.retain(path);
  paths.retain(path);
  paths.release(path);
  paths.heard(0, "192.0.2.2", 1);
  paths.heard(0, "192.0.2.3", 1);
  expect(paths.heard(0, "192.0.2.1", 1)).toBe(path);
  paths.release(path);
  expect(() => paths.release(path)).toThrow(RangeError);
});

it("behaves as a plain map would, whatever the order of events", () => {
  const event = fc.record({ port: fc.integer({ min: 1, max: 12 }), act: fc.constantFrom("hear", "retain", "release") });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), events => {
      const { paths } = table(8, 3);
      const holders = new Map<number, { path: number; count: number }>();
      for (const { port, act } of events) {
        const path = paths.heard(0, "192.0.2.1", port);
        const held = holders.get(port);
        if (held) expect(path).toBe(held.path);
        if (path < 0) expect(holders.size).toBe(8);
        else if (act === "retain") {
          paths.retain(path);
          holders.set(port, { path, count: (held?.count ?? 0) + 1 });
        } else if (act === "release" && held) {
          paths.release(path);
          if (--held.count === 0) holders.delete(port);
        }
        expect(new Set([...holders.values()].map(holder => holder.path)).size).toBe(holders.size);
        expect(paths.retained).toBe(holders.size);
        expect(paths.known - paths.retained).toBeLessThanOrEqual(3);
      }
    }),
  );
});
