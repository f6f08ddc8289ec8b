import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitStage } from "./stage.ts";

const size = fc.record({ width: fc.integer({ min: 300, max: 3000 }), height: fc.integer({ min: 240, max: 2000 }) });
const shape = fc.double({ min: 0.4, max: 3, noNaN: true });

describe("fitStage", () => {
  it("gives the whole area to a picture without company", () => {
    expect(fitStage({ width: 900, height: 600 }, 8, 16 / 9, true).stage).toEqual({
      x: 0,
      y: 0,
      width: 900,
      height: 600,
    });
  });

  it("puts the others beside the stage in a wide window and below it in a tall one", () => {
    const wide = fitStage({ width: 1280, height: 700 }, 8, 16 / 9, false);
    expect(wide.rest).toMatchObject({ x: wide.stage.width + 8, y: 0, height: 700 });
    const tall = fitStage({ width: 390, height: 760 }, 8, 16 / 9, false);
    expect(tall.stage.height).toBe(219);
    expect(tall.rest).toEqual({ x: 0, y: 227, width: 390, height: 533 });
  });

  it("divides the area without overlap and leaves the others a strip at least", () => {
    fc.assert(
      fc.property(size, shape, (area, picture) => {
        const { stage, rest } = fitStage(area, 8, picture, false);
        const beside = rest.x > 0;
        expect(beside ? stage.width + 8 + rest.width : stage.height + 8 + rest.height).toBe(
          beside ? area.width : area.height,
        );
        expect(beside ? rest.width : rest.height).toBeGreaterThanOrEqual(76);
        expect(stage.width > 0 && stage.height > 0).toBe(true);
      }),
    );
  });
});
