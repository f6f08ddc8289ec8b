import { describe, expect, it } from "vitest";
import type { TurnOrder } from "./config.ts";
import { createTurnHub } from "./hub.ts";

function setUp() {
  const sent: [number, TurnOrder][] = [];
  let now = 1_000;
  const hub = createTurnHub(
    (worker, order) => sent.push([worker, order]),
    () => now,
  );
  return {
    hub,
    /** What was sent since the last call. */
    sent: () => sent.splice(0),
    wait(seconds: number) {
      now += seconds;
    },
  };
}

const relay = { type: "relay", family: 1, port: 50_000, open: true } as const;
const held = { type: "held", identity: "ann", change: 1 } as const;
const media = (port: number, open = true) => ({ type: "media", port, open }) as const;

describe("the hub of a node's TURN workers", () => {
  it("passes a worker's news on to the others, and tells them where its media is", () => {
    const { hub, sent } = setUp();
    hub.started(0, 7000);
    hub.started(1, 7001);
    expect(sent()).toEqual([
      [1, media(7000)],
      [0, media(7001)],
    ]);
    hub.heard(0, relay);
    hub.heard(1, held);
    hub.heard(0, { type: "spent", source: 3, answers: 9 });
    expect(sent()).toEqual([
      [1, relay],
      [0, held],
      [1, { type: "spent", source: 3, answers: 9 }],
    ]);
  });

  it("takes back what a worker had that ended, and tells its successor what there is", () => {
    const { hub, sent, wait } = setUp();
    hub.started(0, 7000);
    hub.started(1, 0);
    hub.arm(["north"]);
    hub.revoke("bob", 1_500);
    hub.revoke("cem", 1_005);
    hub.heard(0, relay);
    hub.heard(0, held);
    hub.heard(0, held);
    hub.heard(0, { ...relay, port: 50_001 });
    hub.heard(0, { ...relay, port: 50_001, open: false });
    hub.heard(1, held);
    sent();
    hub.ended(0);
    expect(sent()).toEqual([
      [1, media(7000, false)],
      [1, { ...relay, open: false }],
      [1, { ...held, change: -2 }],
    ]);
    wait(10);
    hub.started(0, 7005);
    expect(sent()).toEqual([
      [0, { type: "arm", secrets: ["north"] }],
      [0, { type: "revoke", identity: "bob", until: 1_500 }],
      [0, held],
      [1, media(7005)],
    ]);
    hub.heard(2, held);
    expect(sent()).toEqual([]);
  });

  it("drains, reloads and revokes everywhere, and in whoever starts later", () => {
    const { hub, sent } = setUp();
    hub.started(0, 0);
    hub.started(1, 0);
    hub.revoke("ann", 2_000);
    hub.drain();
    hub.reload();
    expect(sent().map(([worker, { type }]) => `${worker} ${type}`)).toEqual([
      "0 revoke",
      "1 revoke",
      "0 drain",
      "1 drain",
      "0 reload",
      "1 reload",
    ]);
    hub.started(2, 0);
    expect(sent().map(([worker, { type }]) => `${worker} ${type}`)).toEqual(["2 revoke", "2 drain"]);
  });
});
