import { describe, expect, it } from "vitest";
import { CAMERA_CEILING, publishCeiling } from "./publish-ceiling.ts";

describe("publishCeiling", () => {
  it("is generous where nobody watches yet, so that the top layer is there when somebody does", () => {
    expect(publishCeiling([{ ceiling: CAMERA_CEILING, budgets: [] }])).toBe(CAMERA_CEILING);
  });

  it("follows the best placed viewer, not the worst", () => {
    expect(publishCeiling([{ ceiling: 4e6, budgets: [3e5, 2e6, 5e5] }])).toBe(2e6);
    expect(publishCeiling([{ ceiling: 4e6, budgets: [3e5, Number.POSITIVE_INFINITY] }])).toBe(4e6);
  });

  it("leaves everybody a small picture, and adds up over pictures", () => {
    expect(publishCeiling([{ ceiling: 4e6, budgets: [1_000] }])).toBe(200_000);
    expect(
      publishCeiling([
        { ceiling: 4e6, budgets: [] },
        { ceiling: 5e6, budgets: [1e6] },
      ]),
    ).toBe(5e6);
    expect(publishCeiling([])).toBe(0);
  });
});
