import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { NO_FEEDBACK } from "../forward/feedback.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SourceClock } from "../forward/source-clock.ts";
import { feed } from "../testing/stream-kit.ts";
import { chooseHighestLayer } from "./choose-layer.ts";
import { createSource } from "./source.ts";

function setUp(rids: string[]) {
  const shared = { clock: new SourceClock(), roundTrip: createRoundTrip(), feedback: NO_FEEDBACK };
  const source = createSource({ number: 17, kind: "camera", codec: CODECS.vp8, rids, ...shared });
  const sequences = rids.map(() => 0);
  let now = 0;
  /** Lets the layers named flow for a while, at so many bytes a packet and 50 packets a second. */
  const flow = (milliseconds: number, layers: Record<string, number>) => {
    for (const end = now + milliseconds; now < end; now += 20) {
      for (const [order, rid] of rids.entries()) {
        const size = layers[rid];
        if (size === undefined) continue;
        feed(source.layers[order]!, now, {
          sequence: ++sequences[order]!,
          timestamp: now * 90,
          payload: Buffer.alloc(size),
        });
      }
      source.tick(now);
    }
  };
  const choose = (current?: string, room = Number.POSITIVE_INFINITY) => {
    const layer = source.layers.find(({ rid }) => rid === current);
    return chooseHighestLayer({ source, current: layer, room }, now)?.rid;
  };
  return { source, flow, choose };
}

describe("chooseHighestLayer", () => {
  it("takes the only layer of a source before its first packet", () => {
    expect(setUp([""]).choose()).toBe("");
  });

  it("waits until one of several layers flows", () => {
    const { choose, flow } = setUp(["q", "h", "f"]);
    expect(choose()).toBeUndefined();
    flow(20, { q: 100 });
    expect(choose()).toBe("q");
  });

  it("takes the highest that flows, and a higher one only once it is steady", () => {
    const { choose, flow } = setUp(["q", "h", "f"]);
    flow(400, { q: 100, h: 300 });
    expect(choose()).toBe("h");
    flow(200, { q: 100, h: 300, f: 900 });
    expect(choose("h")).toBe("h");
    flow(200, { q: 100, h: 300, f: 900 });
    expect(choose("h")).toBe("f");
  });

  it("leaves a layer that has stopped while others go on, but not one that pauses with them", () => {
    const { choose, flow } = setUp(["q", "h", "f"]);
    flow(1_000, { q: 100, h: 300, f: 900 });
    flow(600, { q: 100, h: 300 });
    expect(choose("f")).toBe("f");
    flow(200, { q: 100, h: 300 });
    expect(choose("f")).toBe("h");
    flow(5_000, {});
    expect(choose("h")).toBe("h");
  });

  it("takes the highest that fits, climbing only with room to spare", () => {
    const { choose, flow } = setUp(["q", "h", "f"]);
    // About 40, 200 and 800 kbit/s.
    flow(4_000, { q: 100, h: 500, f: 2_000 });
    expect(choose(undefined, 2_000_000)).toBe("f");
    expect(choose(undefined, 500_000)).toBe("h");
    expect(choose("h", 820_000)).toBe("h");
    expect(choose("f", 820_000)).toBe("f");
    expect(choose("f", 100_000)).toBe("q");
    expect(choose(undefined, 10_000)).toBeUndefined();
  });
});
