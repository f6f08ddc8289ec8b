import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { colourTokens, contrast, type Oklch } from "./contrast.ts";

const tokens = colourTokens(readFileSync(new URL("./tokens.css", import.meta.url), "utf8"));

function of(name: string, theme: "light" | "dark", hue?: number): Oklch {
  const token = tokens.get(name);
  if (!token) throw new Error(`no colour ${name} in tokens.css`);
  return hue === undefined ? token[theme] : { ...token[theme], hue };
}

const THEMES = ["light", "dark"] as const;
const GROUNDS = ["--ground", "--sunken", "--raised", "--control"];
/** Text on the ground behind it. */
const TEXT: readonly (readonly [string, string])[] = [
  ...["--text", "--text-2"].flatMap(text => [...GROUNDS, "--control-hover"].map(ground => [text, ground] as const)),
  ...GROUNDS.map(ground => ["--text-3", ground] as const),
  ...["--ground", "--raised"].map(ground => ["--accent", ground] as const),
  ["--on-accent", "--accent"],
  ["--on-accent", "--accent-hover"],
  ["--on-off", "--off"],
  ["--on-off", "--off-hover"],
];
/** What must be seen, not read: borders of fields, the speaking ring, the level. */
const SHAPES = [
  ["--edge", "--ground"],
  ["--edge", "--raised"],
  ["--accent", "--ground"],
  ["--accent", "--control"],
] as const;

describe.each(THEMES)("the %s theme", theme => {
  it.each(TEXT)("reads %s on %s (WCAG AA)", (text, ground) => {
    expect(contrast(of(text, theme), of(ground, theme))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPES)("shows %s on %s", (shape, ground) => {
    expect(contrast(of(shape, theme), of(ground, theme))).toBeGreaterThanOrEqual(3);
  });

  it("reads initials on every tone", () => {
    for (let hue = 15; hue < 360; hue += 30)
      for (const ground of ["--tone-disc", "--tone-ground"])
        expect(contrast(of("--tone-text", theme, hue), of(ground, theme, hue))).toBeGreaterThanOrEqual(4.5);
  });
});

it("reads names over pictures, however bright", () => {
  const scrim = of("--scrim", "dark");
  // The darkest that a white picture makes of the scrim, blended in gamma-encoded sRGB as browsers do: close to its own.
  const behind = { ...scrim, lightness: scrim.lightness * scrim.alpha + (1 - scrim.alpha), alpha: 1 };
  expect(contrast(of("--on-scrim", "dark"), behind)).toBeGreaterThanOrEqual(4.5);
});

it("measures what the standard says", () => {
  const grey = (lightness: number): Oklch => ({ lightness, chroma: 0, hue: 0, alpha: 1 });
  expect(contrast(grey(0), grey(1))).toBeCloseTo(21, 2);
  expect(contrast(grey(0.5), grey(0.5))).toBe(1);
});
