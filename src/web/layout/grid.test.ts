import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitGrid, gridCapacity, SHAPES, shapesFor } from "./grid.ts";

const area = fc.record({ width: fc.integer({ min: 120, max: 3000 }), height: fc.integer({ min: 120, max: 2000 }) });
const count = fc.integer({ min: 1, max: 49 });
const gap = 8;
const wide = [SHAPES.wide, SHAPES.classic];

describe("fitGrid", () => {
  it("keeps every tile inside the area and apart from the others", () => {
    fc.assert(
      fc.property(count, area, (n, size) => {
        const rects = fitGrid(n, size, gap, wide);
        expect(rects).toHaveLength(n);
        for (const [i, a] of rects.entries()) {
          expect(a.x).toBeGreaterThanOrEqual(-1);
          expect(a.y).toBeGreaterThanOrEqual(-1);
          expect(a.x + a.width).toBeLessThanOrEqual(size.width + 1);
          expect(a.y + a.height).toBeLessThanOrEqual(size.height + 1);
          for (const b of rects.slice(i + 1)) {
            const apart =
              a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
            expect(apart).toBe(true);
          }
        }
      }),
    );
  });

  it("gives all tiles one size of an allowed shape", () => {
    fc.assert(
      fc.property(count, area, (n, size) => {
        const [first, ...rest] = fitGrid(n, size, gap, wide);
        for (const rect of rest) expect([rect.width, rect.height]).toEqual([first?.width, first?.height]);
        const { width = 0, height = 0 } = first ?? {};
        fc.pre(height > 40);
        expect(wide.some(shape => Math.abs(width / height - shape) < 0.05)).toBe(true);
      }),
    );
  });

  it("never gives larger tiles to more people", () => {
    fc.assert(
      fc.property(count, area, (n, size) => {
        const tile = (of: number) => fitGrid(of, size, gap, wide)[0] ?? { width: 0, height: 0 };
        const [few, many] = [tile(n), tile(n + 1)];
        expect(many.width * many.height).toBeLessThanOrEqual(few.width * few.height);
      }),
    );
  });

  it("fills a wide window with one picture of its own shape", () => {
    expect(fitGrid(1, { width: 1280, height: 720 }, gap, wide)).toEqual([{ x: 0, y: 0, width: 1280, height: 720 }]);
  });

  it("puts two people side by side in a wide window and above each other in a tall one", () => {
    const [a, b] = fitGrid(2, { width: 1280, height: 720 }, gap, wide);
    expect(a?.y).toBe(b?.y);
    const [c, d] = fitGrid(2, { width: 390, height: 760 }, gap, wide);
    expect(c?.x).toBe(d?.x);
  });

  it("centres an unfinished last row", () => {
    const rects = fitGrid(8, { width: 1280, height: 720 }, gap, [SHAPES.wide]);
    const last = rects.slice(6);
    const left = last[0]?.x ?? 0;
    const right = 1280 - ((last[1]?.x ?? 0) + (last[1]?.width ?? 0));
    expect(last).toHaveLength(2);
    expect(Math.abs(left - right)).toBeLessThanOrEqual(1);
  });
});

describe("shapesFor", () => {
  it("follows the middle of what people send", () => {
    expect(shapesFor([])).toContain(SHAPES.wide);
    expect(shapesFor([16 / 9, 16 / 9, 3 / 4])).toContain(SHAPES.wide);
    expect(shapesFor([4 / 3, 4 / 3, 16 / 9])).toEqual([SHAPES.classic]);
    expect(shapesFor([9 / 16, 3 / 4])).toContain(SHAPES.portrait);
  });
});

describe("gridCapacity", () => {
  it("counts the smallest tiles that fit, and is never zero", () => {
    expect(gridCapacity({ width: 640, height: 360 }, 8, { width: 200, height: 112 })).toBe(9);
    expect(gridCapacity({ width: 50, height: 20 }, 8, { width: 200, height: 112 })).toBe(1);
  });
});
