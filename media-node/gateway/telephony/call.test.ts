import { describe, expect, it } from "vitest";
import type { PoolLegs } from "../../worker/pool-legs.ts";
import { createPhoneCall } from "./call.ts";

describe("a telephone call", () => {
  it("that can't be made is over, once, and its leg is free", async () => {
    const done: string[] = [];
    const legs: PoolLegs = {
      async open() {
        return {
          place: { address: "127.0.0.1", port: 40_000 },
          isBeside: () => true,
          update() {},
          join: async () => {},
          prompt() {},
          dial() {},
          close: () => void done.push("leg closed"),
        };
      },
      heard() {},
      workerEnded() {},
    };
    const call = createPhoneCall({
      ...{ id: "c_1", legs, signaling: "192.0.2.1", srtp: "off", now: () => 0 },
      report() {},
      onOver: () => done.push("over"),
    });
    const started = call.start({ room: "lobby", life: "l_00000000", epoch: 1 }, "p_00000001", () => {
      throw new Error("no such transport");
    });
    await expect(started).rejects.toThrow("no such transport");
    expect(done).toEqual(["leg closed", "over"]);
  });
});
