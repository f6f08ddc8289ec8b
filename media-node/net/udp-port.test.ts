import { describe, expect, it } from "vitest";
import { collector, listen, write } from "./testing/ports.ts";
import { openUdp } from "./udp-port.ts";

describe("receiving", () => {
  it("ends a turn that packets of another kind began, and sends what they caused", async () => {
    const answers = await collector("127.0.0.1", 1);
    const ends: number[] = [];
    const port = await listen({ onBatchEnd: now => ends.push(now) });
    const now = port.enterTurn();
    expect(port.enterTurn()).toBe(now);
    write(port, port.pathOf("127.0.0.1", answers.number), 10, 1);
    await answers.complete;
    expect(ends).toEqual([now]);
  });

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
