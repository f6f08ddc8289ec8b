import { afterEach, describe, expect, it } from "vitest";
import { loadLinuxLibc } from "./linux-libc.ts";
import { openUdp, type UdpOptions, type UdpPort } from "./udp-port.ts";

const open: UdpPort[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(port => port.close()));
});

async function listen(options: Partial<UdpOptions> = {}): Promise<UdpPort> {
  const port = await openUdp({ addresses: ["127.0.0.1"], onPacket() {}, ...options });
  open.push(port);
  return port;
}

/** A port that keeps what comes, and a promise for the moment when `count` datagrams are there. */
async function collector(address: string, count: number) {
  const packets: Uint8Array[] = [];
  let done = () => {};
  const complete = new Promise<void>(resolve => {
    done = resolve;
  });
  const port = await listen({
    addresses: [address],
    onPacket(bytes) {
      packets.push(Uint8Array.from(bytes));
      if (packets.length === count) done();
    },
  });
  return { port, number: port.locals[0]!.port, packets, complete };
}

function write(port: UdpPort, path: number, length: number, fill: number): void {
  const at = port.reserve(length);
  port.slab.fill(fill, at, at + length);
  port.commit(path, length);
}

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
});

describe("receiving", () => {
  it("tells the end of a turn once, after all datagrams of all sockets, and then sends what was committed", async () => {
    const events: string[] = [];
    let finish = () => {};
    const finished = new Promise<void>(resolve => {
      finish = resolve;
    });
    const answers = await collector("127.0.0.1", 1);
    const port = await listen({
      addresses: ["127.0.0.1", "::1"],
      onPacket(bytes, path, now) {
        events.push(`packet ${bytes[0]} ${port.localOf(path)}`);
        expect(now).toBeLessThanOrEqual(performance.now());
      },
      onBatchEnd() {
        events.push("end");
        if (events.filter(event => event.startsWith("packet")).length === 60) {
          write(port, port.pathOf("127.0.0.1", answers.number), 10, 42);
          finish();
        }
      },
    });
    const number = port.locals[0]!.port;
    expect(port.locals.map(local => [local.address, local.port])).toEqual([
      ["127.0.0.1", number],
      ["::1", number],
    ]);
    const sender = await listen({ addresses: ["127.0.0.1", "::1"] });
    for (let i = 0; i < 60; i++) write(sender, sender.pathOf(i % 2 ? "::1" : "127.0.0.1", number), 10, i);
    sender.flush();
    await finished;
    const packets = events.filter(event => event !== "end");
    expect(packets.sort()).toEqual(Array.from({ length: 60 }, (_, i) => `packet ${i} ${i % 2}`).sort());
    expect(events.length - packets.length).toBeLessThan(10);
    await answers.complete;
    expect(answers.packets[0]![0]).toBe(42);
  });

  it("ends a turn though more datagrams are waiting, loses none, and sends from the true socket meanwhile", async () => {
    const count = 2000;
    const turns: number[] = [];
    let inTurn = 0;
    let finish = () => {};
    const finished = new Promise<void>(resolve => {
      finish = resolve;
    });
    const echoes = new Set<number>();
    const client = await listen({ onPacket: (_bytes, path) => void echoes.add(client.portOf(path)) });
    const port = await listen({
      onPacket(bytes, path) {
        inTurn++;
        write(port, path, 10, bytes[0]!);
        port.flush();
      },
      onBatchEnd() {
        turns.push(inTurn);
        inTurn = 0;
        if (port.counters.received === count) finish();
      },
    });
    const number = port.locals[0]!.port;
    for (let i = 0; i < count; i++) write(client, client.pathOf("127.0.0.1", number), 20, i & 0xff);
    client.flush();
    await finished;
    expect(turns.reduce((sum, size) => sum + size, 0)).toBe(count);
    expect(Math.max(...turns)).toBeLessThanOrEqual(320);
    while (client.counters.received < count) await new Promise(resolve => setImmediate(resolve));
    expect([...echoes]).toEqual([number]);
  });

  it("answers on the path that a datagram came by", async () => {
    const { port: client, packets, complete } = await collector("127.0.0.1", 1);
    const port = await listen({
      onPacket: (bytes, path) => {
        expect([port.addressOf(path), port.portOf(path)]).toEqual(["127.0.0.1", client.locals[0]!.port]);
        port.send(path, bytes, 1, bytes.length - 1);
      },
    });
    client.send(client.pathOf("127.0.0.1", port.locals[0]!.port), new Uint8Array([0, 1, 2, 3]), 0, 4);
    await complete;
    expect(packets).toEqual([new Uint8Array([1, 2, 3])]);
  });

  it("counts and drops datagrams for which no path is left", async () => {
    let seen = 0;
    const port = await listen({
      maxPaths: 1,
      onPacket(_bytes, path) {
        seen++;
        port.retain(path);
      },
    });
    const clients = [await listen(), await listen()];
    for (const client of clients) {
      client.send(client.pathOf("127.0.0.1", port.locals[0]!.port), new Uint8Array(4), 0, 4);
    }
    while (port.counters.received < 2) await new Promise(resolve => setImmediate(resolve));
    expect([seen, port.counters.withoutPath, port.retainedPaths]).toEqual([1, 1, 1]);
  });
});

describe("opening and closing", () => {
  it("grants buffers of the wished size", async () => {
    const wish = 1024 * 1024;
    const { buffers } = await listen({ addresses: ["127.0.0.1", "::1"], bufferBytes: wish });
    expect(buffers.receiveBytes).toBeGreaterThanOrEqual(wish);
    expect(buffers.sendBytes).toBeGreaterThanOrEqual(wish);
  });

  it("refuses a port that is taken and what is no address of ours", async () => {
    const { locals } = await listen({ addresses: ["127.0.0.1", "::1"] });
    const port = locals[0]!.port;
    await expect(openUdp({ addresses: ["127.0.0.1"], port, onPacket() {} })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await expect(openUdp({ addresses: ["::1"], port, onPacket() {} })).rejects.toMatchObject({ code: "EADDRINUSE" });
    await expect(openUdp({ addresses: ["192.0.2.1"], onPacket() {} })).rejects.toThrow();
    await expect(openUdp({ addresses: ["localhost"], onPacket() {} })).rejects.toMatchObject({ code: "EINVAL" });
    await expect(openUdp({ addresses: [], onPacket() {} })).rejects.toMatchObject({ code: "EINVAL" });
  });

  it("is unharmed by what one socket hears while the others are being opened", async () => {
    const free = await listen({ addresses: ["127.0.0.1", "::1"] });
    const number = free.locals[0]!.port;
    await free.close();
    const sender = await listen();
    const sending = setInterval(() => sender.send(sender.pathOf("127.0.0.1", number), new Uint8Array(9), 0, 9), 0);
    const tries = Array.from({ length: 20 }, () => [] as number[]);
    for (const heard of tries) {
      const onPacket = (bytes: Uint8Array) => void heard.push(bytes.length);
      const port = await openUdp({ addresses: ["127.0.0.1", "::1"], port: number, onPacket });
      while (heard.length === 0) await new Promise(resolve => setTimeout(resolve, 0));
      await port.close();
    }
    clearInterval(sending);
    expect(tries.flat().every(length => length === 9)).toBe(true);
  });

  it("leaves the other addresses free when one is taken", async () => {
    const free = await listen({ addresses: ["127.0.0.1", "::1"] });
    const port = free.locals[0]!.port;
    await free.close();
    await listen({ addresses: ["::1"], port });
    await expect(openUdp({ addresses: ["127.0.0.1", "::1"], port, onPacket() {} })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    expect((await listen({ port })).locals[0]!.port).toBe(port);
  });

  it("sends nothing more once closed, and closes twice", async () => {
    const { port: receiver, packets, number } = await collector("127.0.0.1", 1);
    const port = await listen();
    const path = port.pathOf("127.0.0.1", number);
    write(port, path, 10, 1);
    await port.close();
    await port.close();
    port.flush();
    port.send(path, new Uint8Array(5), 0, 5);
    const other = await listen();
    other.send(other.pathOf("127.0.0.1", number), new Uint8Array([2]), 0, 1);
    while (receiver.counters.received === 0) await new Promise(resolve => setImmediate(resolve));
    expect(packets).toEqual([new Uint8Array([2])]);
  });
});
