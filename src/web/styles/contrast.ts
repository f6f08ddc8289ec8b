/** A colour as OKLCH: lightness 0 to 1, chroma, hue in degrees, alpha 0 to 1. */
export interface Oklch {
  readonly lightness: number;
  readonly chroma: number;
  readonly hue: number;
  readonly alpha: number;
}

/**
 * The custom colour properties of a style sheet, light and dark. Understands `oklch(L% C H / A)` and `light-dark(a, b)`,
 * which is all that tokens.css uses.
 */
export function colourTokens(css: string): ReadonlyMap<string, { readonly light: Oklch; readonly dark: Oklch }> {
  const tokens = new Map<string, { light: Oklch; dark: Oklch }>();
  for (const [, name = "", value = ""] of css.matchAll(/(--[\w-]+):\s*((?:light-dark|oklch)\(.*\));/g)) {
    const colours = [...value.matchAll(/oklch\(([\d.]+)% ([\d.]+) ([\d.]+|var\(--hue\))(?: \/ ([\d.]+))?\)/g)].map(
      toOklch,
    );
    const [light, dark = light] = colours;
    if (light && dark) tokens.set(name, { light, dark });
  }
  return tokens;
}

const toOklch = ([, lightness, chroma, hue = "", alpha = "1"]: RegExpMatchArray): Oklch => ({
  lightness: Number(lightness) / 100,
  chroma: Number(chroma),
  hue: hue.startsWith("var") ? Number.NaN : Number(hue),
  alpha: Number(alpha),
});

/** Linear sRGB, cut to what a screen shows (CSS Color 4 §9.3). */
function linear({ lightness, chroma, hue }: Oklch): readonly [number, number, number] {
  const angle = (hue * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const cut = (value: number) => Math.min(1, Math.max(0, value));
  return [
    cut(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    cut(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    cut(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

const luminance = (colour: Oklch) => {
  const [r, g, b] = linear(colour);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

/** Contrast of two opaque colours, 1 to 21 (WCAG 2.2, 1.4.3). */
export function contrast(a: Oklch, b: Oklch): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
