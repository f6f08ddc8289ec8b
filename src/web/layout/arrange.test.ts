import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrange, type Scene } from "./arrange.ts";
import { CORNERS } from "./corner.ts";

const scene = (count: number, more: Partial<Scene> = {}): Scene => ({
  area: { width: 1280, height: 680 },
  seats: Array.from({ length: count }, (_, i) => `p${i}`),
  own: "me",
  corner: "bottom-right",
  sent: [],
  ownShape: 16 / 9,
  focusShape: 16 / 9,
  focusWhole: false,
  ...more,
});

describe("arrange", () => {
  it("floats one's own tile over the grid and gives it a place in the strip", () => {
    expect(arrange(scene(3)).floating).toBe(true);
    const staged = arrange(scene(3, { focus: "p1" }));
    expect(staged.floating).toBe(false);
    expect([...staged.places.keys()].sort()).toEqual(["me", "p0", "p1", "p2"]);
  });

  it("gives oneself a seat where tiles are so small that one's own would hide another, whatever its corner", () => {
    for (const corner of CORNERS) {
      expect(arrange(scene(24, { corner })).floating).toBe(false);
      expect(arrange(scene(8, { corner })).floating).toBe(true);
    }
  });

  it("gives a screen a stage of its own shape", () => {
    const rect = arrange(scene(4, { focus: "p1", focusShape: 4 / 3, focusWhole: true })).places.get("p1");
    expect((rect?.width ?? 0) / (rect?.height ?? 1)).toBeCloseTo(4 / 3, 2);
  });

  it("gives the whole stage to oneself when alone and pinned", () => {
    const { places } = arrange(scene(0, { focus: "me" }));
    expect(places.get("me")).toEqual({ x: 0, y: 0, width: 1280, height: 680 });
  });

  it("counts those who don't fit, in the grid and in the strip", () => {
    const area = { width: 390, height: 640 };
    for (const focus of [undefined, "p0"]) {
      const { places, more, inSight } = arrange(scene(40, { area, focus }));
      const others = focus ? 39 : 40;
      expect(more?.count).toBe(others - inSight);
      expect(places.size).toBe(inSight + (focus ? 2 : 1));
    }
  });

  it("puts one's own tile into the margin of the grid where it would hide the others", () => {
    const { places } = arrange(scene(8, { area: { width: 374, height: 744 } }));
    const [me, last] = [places.get("me"), places.get("p7")];
    expect(me?.y).toBeGreaterThanOrEqual((last?.y ?? 0) + (last?.height ?? 0) - 8);
  });

  it("always shows oneself and the stage, and never two tiles at one place", () => {
    const area = fc.record({ width: fc.integer({ min: 300, max: 2500 }), height: fc.integer({ min: 240, max: 1500 }) });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), area, fc.boolean(), (count, size, focused) => {
        const focus = focused && count > 0 ? "p0" : undefined;
        const { places, more, floating } = arrange(scene(count, { area: size, focus }));
        expect(places.has("me")).toBe(true);
        if (focus) expect(places.has(focus)).toBe(true);
        const rects = [...places].filter(([key]) => !(floating && key === "me")).map(([, rect]) => rect);
        if (more) rects.push(more.rect);
        expect(new Set(rects.map(rect => `${rect.x},${rect.y}`)).size).toBe(rects.length);
        expect(places.size - 1 + (more?.count ?? 0)).toBe(count);
      }),
    );
  });
});
