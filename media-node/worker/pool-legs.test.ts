import { describe, expect, it } from "vitest";
import type { LegOrder } from "../gateway/leg/orders.ts";
import { TEST_DTLS } from "../gateway/leg/testing/keys.ts";
import { createPoolLegs } from "./pool-legs.ts";

const ROOM = { room: "lobby", life: "l_00000000", epoch: 1 };
const AGREEMENT = { address: "192.0.2.1", port: 4_000, from: [], formats: [], sends: true, receives: true };

describe("calls' legs in workers", () => {
  async function setUp() {
    const asked: string[] = [];
    const told: string[] = [];
    const legs = createPoolLegs({
      async ask(worker: number, { type, leg }: LegOrder) {
        asked.push(`${worker} ${type} ${leg}`);
        if (type === "leg.prompt") throw new Error("no such leg");
        return type === "leg.open" ? { address: "192.0.2.9", port: 4_000 + leg, dtls: TEST_DTLS } : undefined;
      },
      pick: () => 0,
      workerOf: ({ room }) => (room === ROOM.room ? 1 : undefined),
    });
    const open = (name: string, room?: typeof ROOM) =>
      legs.open(
        {
          digit: key => told.push(`${name} ${key}`),
          said: clip => told.push(`${name} said ${clip}`),
          over: why => told.push(`${name} ${why}`),
        },
        room,
      );
    return { legs, asked, told, open };
  }

  it("are opened beside their room, else anywhere", async () => {
    const { asked, open } = await setUp();
    const [free, bound] = [await open("free"), await open("bound", ROOM)];
    expect([free.isBeside(ROOM), bound.isBeside(ROOM)]).toEqual([false, true]);
    expect([free.place.port, bound.place.port]).toEqual([4_001, 4_002]);
    await expect(open("lost", { ...ROOM, room: "other" })).rejects.toMatchObject({ code: "no-such-room" });
    expect(asked).toEqual(["0 leg.open 1", "1 leg.open 2"]);
  });

  it("tell of keys and of their end, until they are closed", async () => {
    const { legs, asked, told, open } = await setUp();
    const leg = await open("one");
    leg.prompt("pin");
    legs.heard({ type: "leg.digit", leg: 1, digit: "5" });
    legs.heard({ type: "leg.silent", leg: 1 });
    legs.heard({ type: "leg.left", leg: 1 });
    leg.close();
    leg.close();
    leg.update(AGREEMENT);
    legs.heard({ type: "leg.digit", leg: 1, digit: "6" });
    expect(told).toEqual(["one 5", "one silent", "one left"]);
    expect(asked.slice(1)).toEqual(["0 leg.prompt 1", "0 leg.close 1"]);
  });

  it("are lost with their worker, which is asked nothing any more", async () => {
    const { legs, asked, told, open } = await setUp();
    const [one, two] = [await open("one"), await open("two", ROOM)];
    asked.length = 0;
    legs.workerEnded(1);
    two.update(AGREEMENT);
    two.close();
    one.close();
    expect(told).toEqual(["two lost"]);
    expect(asked).toEqual(["0 leg.close 1"]);
  });
});
