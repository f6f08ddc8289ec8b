import { beforeEach, describe, expect, it } from "vitest";
import { type Failure, failureOf } from "../failure.ts";
import { createFakeSurroundings, type FakeSurroundings } from "../testing/fake-surroundings.ts";
import { createVirtualTime, type VirtualTime } from "../testing/virtual-time.ts";
import { createWire, type ServerEnd, type Wire } from "../testing/wire.ts";
import { type Connection, createConnection } from "./connection.ts";

const DELAY = 10;

describe("connection", () => {
  let time: VirtualTime;
  let wire: Wire;
  let host: FakeSurroundings;
  let server: ServerEnd | undefined;
  let connection: Connection;
  let failures: Failure[];
  let heard: string[];
  let told: string[];
  let verdict: "retry" | "close";

  const times = (): number[] => wire.attempts.map(attempt => attempt.at);
  const welcome = (): void => connection.welcomed(10_000);

  beforeEach(() => {
    time = createVirtualTime();
    server = undefined;
    failures = [];
    heard = [];
    told = [];
    verdict = "retry";
    wire = createWire(time, DELAY, end => {
      server = end;
      end.onMessage = text => {
        told.push(text);
        if (text === "ping") end.send("pong");
      };
    });
    host = createFakeSurroundings(time, wire.openSocket);
    connection = createConnection("ws://edge/room", host, {
      protocols: async () => ["tandem.v1"],
      greeting: () => "hello",
      message: text => heard.push(text),
      lost(failure) {
        failures.push(failure);
        return verdict;
      },
    });
  });

  it("greets first and passes text frames on", async () => {
    connection.open();
    expect(connection.send("early")).toBe(false);
    await time.advance(3 * DELAY);
    expect(told).toEqual(["hello"]);
    expect(connection.send("later")).toBe(true);
    server?.send("news");
    await time.advance(DELAY);
    expect(told).toEqual(["hello", "later"]);
    expect(heard).toEqual(["news"]);
  });

  it("retries at once, then under a doubling ceiling with jitter up to 10 s", async () => {
    connection.open();
    await time.advance(100);
    welcome();
    await time.advance(6_000);
    wire.refuse = true;
    const lost = time.now();
    wire.cut();
    await time.advance(40_000);
    const gaps = times()
      .slice(1)
      .map((at, index, all) => at - (all[index - 1] ?? lost) - (index > 0 ? DELAY : 0));
    // Half of each ceiling: the fake's random number is 0.5.
    expect(gaps.slice(0, 9)).toEqual([0, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  it("does not take a connection that keeps dropping for a good one", async () => {
    connection.open();
    const gaps: number[] = [];
    for (let loss = 0; loss < 4; loss++) {
      await time.advance(3 * DELAY);
      welcome();
      await time.advance(1_000);
      wire.cut();
      const lost = time.now();
      while (times().at(-1) === undefined || (times().at(-1) ?? 0) < lost) await time.advance(10);
      gaps.push((times().at(-1) ?? 0) - lost);
    }
    expect(gaps).toEqual([0, 200, 400, 800]);
  });

  it("retries at once after a connection that stood for 5 s", async () => {
    connection.open();
    wire.refuse = true;
    await time.advance(5_000);
    wire.refuse = false;
    await time.advance(10_000);
    for (let loss = 0; loss < 3; loss++) {
      welcome();
      await time.advance(5_001);
      const before = wire.attempts.length;
      wire.cut();
      await time.advance(3 * DELAY);
      expect(wire.attempts).toHaveLength(before + 1);
    }
  });

  it("gives up an attempt that hangs, or that nobody welcomes, after 10 s", async () => {
    wire.silence();
    connection.open();
    await time.advance(9_999);
    expect(failures).toEqual([]);
    wire.heal();
    await time.advance(1);
    expect(failures).toEqual([failureOf("unreachable", "no answer")]);
    await time.advance(10_000);
    expect(told).toEqual(["hello"]);
    expect(failures).toHaveLength(2);
  });

  it("tries again at once when the network is back or the page is shown", async () => {
    wire.refuse = true;
    connection.open();
    await time.advance(15_000);
    for (const change of ["network", "visible"] as const) {
      const before = wire.attempts.length;
      host.change(change);
      await time.advance(0);
      expect(wire.attempts).toHaveLength(before + 1);
      await time.advance(DELAY);
    }
  });

  it("leaves a dial that hangs on the old network for one on the new", async () => {
    wire.silence();
    connection.open();
    await time.advance(1_000);
    wire.heal();
    host.change("network");
    await time.advance(2 * DELAY);
    expect(told).toEqual([]);
    await time.advance(DELAY);
    expect(told).toEqual(["hello"]);
  });

  it("pings every 10 s and takes hours of silence otherwise for what they are", async () => {
    connection.open();
    await time.advance(100);
    welcome();
    await time.advance(3_600_000);
    expect(told.filter(text => text === "ping").length).toBeGreaterThan(300);
    expect(failures).toEqual([]);
    expect(heard).toEqual([]);
  });

  it("asks twice before it believes that a silent connection is dead", async () => {
    connection.open();
    await time.advance(100);
    welcome();
    wire.silence();
    await time.advance(10_000 + 3_000);
    expect(failures).toEqual([]);
    wire.heal();
    await time.advance(3_000);
    expect(failures).toEqual([failureOf("unreachable", "no answer to pings")]);
    expect(wire.attempts).toHaveLength(2);
  });

  it("is satisfied with any frame as a sign of life", async () => {
    connection.open();
    await time.advance(100);
    welcome();
    if (server) server.onMessage = () => {};
    for (let second = 0; second < 60; second++) {
      server?.send("news");
      await time.advance(2_000);
    }
    expect(failures).toEqual([]);
  });

  it("probes at once when the network changes, and finds a dead connection within 6 s", async () => {
    connection.open();
    await time.advance(100);
    welcome();
    wire.silence();
    host.change("network");
    await time.advance(6_000);
    expect(failures).toHaveLength(1);
  });

  it.each([
    [4411, undefined, "token-invalid"],
    [4999, undefined, "unreachable"],
    [4999, { ...failureOf("internal"), code: "brand-new", retryable: false }, "brand-new"],
    [4411, failureOf("token-invalid", "no such key"), "token-invalid"],
    // An error that told of something else must not end a connection that the network lost later.
    [1006, failureOf("no-grant"), "unreachable"],
    [4500, failureOf("no-grant"), "internal"],
  ])("close %i after %o means %s", async (code, explained, expected) => {
    connection.open();
    await time.advance(100);
    if (explained) connection.explain(explained);
    server?.close(code);
    await time.advance(DELAY);
    expect(failures.map(failure => failure.code)).toEqual([expected]);
    if (explained?.code === expected) expect(failures[0]).toBe(explained);
  });

  it("stays closed when told so, and ignores what old sockets still bring", async () => {
    verdict = "close";
    connection.open();
    await time.advance(100);
    server?.send("late");
    wire.cut();
    host.change("network");
    await time.advance(60_000);
    expect(wire.attempts).toHaveLength(1);
    expect(heard).toEqual([]);
    connection.close();
    connection.close();
    expect(failures).toHaveLength(1);
  });

  it("closes while it dials", async () => {
    connection.open();
    connection.close();
    await time.advance(60_000);
    expect(wire.attempts).toHaveLength(0);
    expect(failures).toEqual([]);
  });
});
