import { describe, expect, it } from "vitest";
import { loadLinuxLibc } from "./linux-libc.ts";
import { collector, listen, write } from "./testing/ports.ts";

const transmitters = loadLinuxLibc() ? [true, false] : [false];

describe.each(transmitters)("with sendmmsg: %s", useSendmmsg => {
  it("says how it sends", async () => {
    expect((await listen({ useSendmmsg })).transmitter).toBe(useSendmmsg ? "sendmmsg" : "runtime");
  });

  it.each(["127.0.0.1", "::1"])(
    "delivers each datagram of a run with its own bytes and length on %s",
    async address => {
      const { packets, complete, number } = await collector(address, 130);
      const port = await listen({ addresses: [address], useSendmmsg });
      const path = port.pathOf(address, number);
      for (let i = 0; i < 130; i++) write(port, path, i % 13 === 12 ? 500 : 1200, i);
      port.flush();
      await complete;
      expect(packets.map(bytes => [bytes.length, bytes[0], bytes.at(-1)])).toEqual(
        packets.map((_, i) => [i % 13 === 12 ? 500 : 1200, i, i]),
      );
      expect(port.counters).toMatchObject({ sent: 130, dropped: 0, refused: 0, messages: useSendmmsg ? 10 : 130 });
    },
  );

  it.each(["127.0.0.1", "::1"])(
    "loses nothing for the living when a receiver's port is closed, on %s",
    async address => {
      const rounds = 40;
      const alive = await collector(address, rounds * 3);
      const dead = await listen({ addresses: [address] });
      const deadNumber = dead.locals[0]!.port;
      await dead.close();
      const port = await listen({ addresses: [address], useSendmmsg });
      const [good, bad] = [port.pathOf(address, alive.number), port.pathOf(address, deadNumber)];
      for (let round = 0; round < rounds; round++) {
        write(port, bad, 300, 0);
        write(port, good, 200, round);
        write(port, good, 200, round);
        port.flush();
        port.send(bad, new Uint8Array(10), 0, 10);
        port.send(good, new Uint8Array(10).fill(round), 0, 10);
        // The ICMP errors of this round must have come before the next.
        await new Promise(resolve => setImmediate(resolve));
      }
      await alive.complete;
      expect(alive.packets.map(bytes => bytes[0])).toEqual(alive.packets.map((_, i) => Math.floor(i / 3)));
      expect(port.counters).toMatchObject({ dropped: 0, refused: 0 });
    },
  );

  it("carries on behind a destination that can't be reached", async () => {
    const { packets, complete, number } = await collector("127.0.0.1", 20);
    const port = await listen({ useSendmmsg });
    // Bound to loopback, nothing else is reachable.
    const [bad, good] = [port.pathOf("192.0.2.1", 9), port.pathOf("127.0.0.1", number)];
    for (let i = 0; i < 20; i++) {
      write(port, bad, 100, i);
      write(port, good, 100, i);
    }
    port.flush();
    await complete;
    expect(packets.map(bytes => bytes[0])).toEqual(packets.map((_, i) => i));
    const { refused, dropped, errors } = port.counters;
    expect(refused + dropped + errors).toBe(20);
  });

  it("sends more than the slab and a system call hold", async () => {
    const count = 3000;
    const { packets, complete, number } = await collector("127.0.0.1", count);
    const port = await listen({ useSendmmsg, slabBytes: 64 * 1024 });
    const path = port.pathOf("127.0.0.1", number);
    for (let i = 0; i < count; i++) write(port, path, 40 + (i % 2), i & 0xff);
    port.flush();
    await complete;
    expect(packets.every((bytes, i) => bytes.length === 40 + (i % 2) && bytes[0] === (i & 0xff))).toBe(true);
    expect(() => port.reserve(64 * 1024 + 1)).toThrow(RangeError);
  });

  it("delivers whole runs, however many, beside single datagrams", async () => {
    const rounds = 1100;
    const { packets, complete, number } = await collector("127.0.0.1", rounds * 4);
    const port = await listen({ useSendmmsg, slabBytes: 1 << 18 });
    const path = port.pathOf("127.0.0.1", number);
    for (let round = 0; round < rounds; round++) {
      const at = port.reserve(50);
      port.slab.fill(round & 0xff, at, at + 50);
      // Three datagrams, the last of them shorter.
      port.commitRun(path, 20, 50);
      port.commitRun(-1, 20, 50);
      write(port, path, 30, round & 0xff);
    }
    port.flush();
    await complete;
    expect(packets.map(bytes => [bytes.length, bytes[0]])).toEqual(
      packets.map((_, i) => [[20, 20, 10, 30][i % 4], Math.floor(i / 4) & 0xff]),
    );
  });

  it("sends nothing of a reservation that isn't committed, or with what a failed call returned", async () => {
    const { packets, complete, number } = await collector("127.0.0.1", 2);
    const port = await listen({ useSendmmsg });
    const path = port.pathOf("127.0.0.1", number);
    write(port, path, 100, 1);
    const at = port.reserve(100);
    port.slab.fill(9, at, at + 100);
    port.commit(path, -4);
    port.commit(-1, 100);
    write(port, path, 100, 2);
    port.flush();
    await complete;
    expect(packets.map(bytes => [bytes[0], bytes.at(-1)])).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it("takes a datagram with it before its path's number goes to another address", async () => {
    const { packets, complete, number } = await collector("127.0.0.1", 1);
    const port = await listen({ useSendmmsg, maxUnknownPaths: 1 });
    const path = port.pathOf("127.0.0.1", number);
    write(port, path, 50, 7);
    expect(port.pathOf("127.0.0.1", number === 9 ? 10 : 9)).toBe(path);
    await complete;
    expect(packets).toEqual([new Uint8Array(50).fill(7)]);
  });

  it("hands runs of a carried path to its carrier, whole, between datagrams to sockets", async () => {
    const { packets, complete, number } = await collector("127.0.0.1", 2);
    const port = await listen({ useSendmmsg });
    const carried: number[][] = [];
    const path = port.carriedPath("192.0.2.1", 443, (bytes, offset, length, segmentSize) => {
      carried.push([bytes[offset]!, bytes[offset + length - 1]!, length, segmentSize]);
    });
    const other = port.pathOf("127.0.0.1", number);
    write(port, other, 10, 1);
    write(port, path, 20, 2);
    write(port, path, 20, 3);
    write(port, path, 5, 4);
    write(port, other, 10, 5);
    port.flush();
    await complete;
    expect(carried).toEqual([[2, 4, 45, 20]]);
    expect(packets.map(bytes => bytes[0])).toEqual([1, 5]);
    port.release(path);
    write(port, path, 20, 6);
    port.flush();
    expect(carried.length).toBe(1);
  });
});
