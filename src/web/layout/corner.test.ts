import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CORNERS, cornerAfterDrag, cornerAfterKey, cornerRect, isCorner, nextCorner, ownSize } from "./corner.ts";

const area = { width: 1280, height: 640 };
const bounds = { x: 0, y: 0, ...area };
const still = { x: 0, y: 0 };

describe("cornerAfterDrag", () => {
  it("takes the nearest corner when the hand rests", () => {
    expect(cornerAfterDrag({ x: 100, y: 100 }, still, area)).toBe("top-left");
    expect(cornerAfterDrag({ x: 700, y: 100 }, still, area)).toBe("top-right");
    expect(cornerAfterDrag({ x: 600, y: 400 }, still, area)).toBe("bottom-left");
  });

  it("follows a flick past the middle", () => {
    expect(cornerAfterDrag({ x: 1100, y: 560 }, { x: -4, y: 0 }, area)).toBe("bottom-left");
  });

  it("brings a tile back to the corner where it already rests", () => {
    for (const corner of CORNERS) {
      const rect = cornerRect(corner, bounds, { width: 200, height: 112 }, 12);
      expect(cornerAfterDrag({ x: rect.x + 100, y: rect.y + 56 }, still, area)).toBe(corner);
    }
  });
});

describe("cornerRect", () => {
  it("stays inside whenever the tile fits", () => {
    const sides = fc.integer({ min: 300, max: 2000 });
    fc.assert(
      fc.property(fc.constantFrom(...CORNERS), sides, sides, (corner, width, height) => {
        const rect = cornerRect(corner, { x: 0, y: 0, width, height }, { width: 200, height: 112 }, 12);
        expect(rect.x).toBeGreaterThanOrEqual(12);
        expect(rect.y).toBeGreaterThanOrEqual(12);
        expect(rect.x + rect.width).toBeLessThanOrEqual(width - 12);
        expect(rect.y + rect.height).toBeLessThanOrEqual(height - 12);
      }),
    );
  });
});

describe("keys", () => {
  it("move along the edges and stop at them", () => {
    expect(cornerAfterKey("top-left", "ArrowRight")).toBe("top-right");
    expect(cornerAfterKey("top-right", "ArrowRight")).toBe("top-right");
    expect(cornerAfterKey("top-right", "ArrowDown")).toBe("bottom-right");
    expect(cornerAfterKey("top-right", "Enter")).toBeUndefined();
  });

  it("visit every corner one after the other", () => {
    const seen = new Set<string>();
    let corner = nextCorner("top-left");
    for (let i = 0; i < 4; i++, corner = nextCorner(corner)) seen.add(corner);
    expect(seen.size).toBe(4);
  });
});

describe("ownSize", () => {
  it("is small beside the stage, and follows the picture's shape within reason", () => {
    expect(ownSize({ width: 1920, height: 1000 }, 16 / 9)).toEqual({ width: 232, height: 131 });
    const phone = ownSize({ width: 390, height: 780 }, 9 / 16);
    expect(phone.width / phone.height).toBeCloseTo(3 / 4, 1);
    expect(phone.width * phone.height).toBeLessThan(390 * 780 * 0.05);
  });
});

it("knows its corners", () => {
  expect(isCorner("top-left")).toBe(true);
  expect(isCorner("middle")).toBe(false);
});
