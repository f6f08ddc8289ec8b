import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT } from "../testing/fuzz.ts";
import { createSessionCounters } from "./counters.ts";
import { createMediaChannel, type Listening, type Wish } from "./media-channel.ts";

function setUp() {
  const counters = createSessionCounters();
  const sent: unknown[] = [];
  const wishes: (readonly Wish[] | null)[] = [];
  const listening: Listening[] = [];
  let full = false;
  const channel = createMediaChannel({
    send(text) {
      if (!full) sent.push(JSON.parse(text));
      return !full;
    },
    onListen: to => listening.push(to),
    onWishes: list => wishes.push(list),
    counters,
  });
  return {
    counters,
    sent,
    wishes,
    listening,
    channel,
    setFull: (value: boolean) => {
      full = value;
    },
    take: () => sent.splice(0),
    receive: (message: unknown, now = 0) => channel.receive(JSON.stringify(message), now),
  };
}
const HELLO = { type: "hello", features: ["mix"] };

describe("the media data channel", () => {
  it("says hello first, then everything known so far", () => {
    const { channel, sent } = setUp();
    channel.setSlot("5", 17, "live");
    channel.setSpeakers([1]);
    channel.flush();
    expect(sent).toEqual([]);
    channel.open();
    expect(sent).toEqual([
      HELLO,
      { type: "slots", slots: [{ mid: "5", source: 17, state: "live" }] },
      { type: "speakers", participants: [1] },
    ]);
  });

  it("tells of a slot only when it changed, once per flush", () => {
    const { channel, take } = setUp();
    channel.open();
    channel.setSlot("5", 17, "waiting");
    channel.setSlot("6", 33, "live");
    channel.setSlot("5", 17, "live");
    channel.flush();
    take();
    channel.setSlot("6", 33, "live");
    channel.flush();
    expect(take()).toEqual([]);
    channel.setSlot("6", 0, "empty");
    channel.flush();
    expect(take()).toEqual([{ type: "slots", slots: [{ mid: "6", source: 0, state: "empty" }] }]);
  });

  it("says what found the buffer full at the next flush", () => {
    const { channel, setFull, take, counters } = setUp();
    channel.open();
    take();
    setFull(true);
    channel.setSlot("5", 17, "live");
    channel.flush();
    expect(counters["data.dropped"]).toBe(1);
    setFull(false);
    channel.flush();
    expect(take()).toEqual([{ type: "slots", slots: [{ mid: "5", source: 17, state: "live" }] }]);
  });

  it("takes wishes after the client's hello", () => {
    const { wishes, receive, counters } = setUp();
    receive({ type: "wishes", videos: null });
    expect(wishes).toEqual([]);
    receive(HELLO);
    receive({ type: "wishes", videos: [{ source: 17 }] });
    receive({ type: "wishes", videos: null });
    expect(wishes).toEqual([[{ source: 17, width: 0, height: 0, priority: 100 }], null]);
    receive(HELLO);
    expect(counters["data.malformed"]).toBe(2);
  });

  it("passes on how the client wants to hear, if that makes sense", () => {
    const { receive, listening, counters } = setUp();
    receive(HELLO);
    for (const to of ["mix", "sources", null, "loud", undefined]) receive({ type: "listen", to });
    expect(listening).toEqual(["mix", "sources", null]);
    expect(counters["data.malformed"]).toBe(2);
  });

  it("ignores messages of a later version", () => {
    const { receive, counters } = setUp();
    receive({ type: "telepathy" });
    expect(counters["data.malformed"]).toBe(0);
  });

  it("drops what exceeds the rate", () => {
    const { receive, wishes, counters } = setUp();
    receive(HELLO);
    for (let i = 0; i < 100; i++) receive({ type: "wishes", videos: null });
    expect(wishes.length).toBe(39);
    expect(counters["data.limited"]).toBe(61);
    receive({ type: "wishes", videos: null }, 1_000);
    expect(wishes.length).toBe(40);
  });

  it(
    "survives whatever a client sends",
    () => {
      const { channel, receive, counters } = setUp();
      receive(HELLO);
      let now = 0;
      const junk = fc.oneof(
        fc.uint8Array({ maxLength: 64 }),
        fc.json(),
        fc.string(),
        fc
          .record({
            type: fc.constantFrom("hello", "wishes", "listen"),
            videos: fc.anything(),
            to: fc.anything(),
            features: fc.anything(),
          })
          .map(value => {
            try {
              return JSON.stringify(value);
            } catch {
              return "";
            }
          }),
      );
      fc.assert(
        fc.property(junk, data => {
          now += 1_000;
          channel.receive(data, now);
        }),
        { numRuns: Math.ceil(FUZZ_RUNS / 60) },
      );
      channel.receive(" ".repeat(40_000), now + 1_000);
      expect(counters["data.malformed"]).toBeGreaterThan(0);
    },
    FUZZ_TIMEOUT,
  );
});
