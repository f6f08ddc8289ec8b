import { describe, expect, it } from "vitest";
import type { PoolLegs } from "../../worker/pool-legs.ts";
import { TEST_DTLS } from "../leg/testing/keys.ts";
import { createPhoneCall } from "./call.ts";

const LOBBY = { room: "lobby", life: "l_00000000", epoch: 1 };

/** A call whose leg joins a room once `joined` is fulfilled, and what became of it. */
function create(joined: Promise<void>) {
  const done: string[] = [];
  const legs: PoolLegs = {
    async open() {
      return {
        place: { address: "127.0.0.1", port: 40_000, dtls: TEST_DTLS },
        isBeside: () => true,
        update() {},
        join: () => joined,
        prompt() {},
        dial() {},
        refreshPicture() {},
        close: () => void done.push("leg closed"),
      };
    },
    heard() {},
    workerEnded() {},
  };
  const call = createPhoneCall({
    ...{ id: "c_1", trunk: "lab", legs, signaling: "192.0.2.1", srtp: "off", now: () => 0 },
    transfers: { policy: () => "off", isOurs: () => false },
    report() {},
    onOver: () => done.push("over"),
  });
  return { call, done };
}

describe("a telephone call", () => {
  it("that is hung up before it is dialled rings nobody", async () => {
    const joining = Promise.withResolvers<void>();
    const { call, done } = create(joining.promise);
    const started = call.start(LOBBY, "p_00000001", () => {
      throw new Error("dialled all the same");
    });
    call.hangUp({ reason: "hung-up" });
    joining.resolve();
    await expect(started).rejects.toMatchObject({ code: "no-such-call" });
    expect(done).toEqual(["leg closed", "over"]);
  });

  it("that can't be made is over, once, and its leg is free", async () => {
    const { call, done } = create(Promise.resolve());
    const started = call.start(LOBBY, "p_00000001", () => {
      throw new Error("no such transport");
    });
    await expect(started).rejects.toThrow("no such transport");
    expect(done).toEqual(["leg closed", "over"]);
  });
});
