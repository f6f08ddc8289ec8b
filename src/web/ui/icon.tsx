const round = (x: number, y: number, w: number, h: number, r: number) =>
  `M${x + r} ${y}h${w - 2 * r}a${r} ${r} 0 0 1 ${r} ${r}v${h - 2 * r}a${r} ${r} 0 0 1 ${-r} ${r}h${2 * r - w}a${r} ${r} 0 0 1 ${-r} ${-r}v${2 * r - h}a${r} ${r} 0 0 1 ${r} ${-r}z`;
const ring = (x: number, y: number, r: number) =>
  `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`;
const slash = "M4 4l16 16";
const pin = "M9 4h6l-.7 6 3.2 3v1.5h-11V13l3.2-3zM12 14.5V20";

/** Strokes on a 24 × 24 grid. */
const STROKES = {
  mic: `${round(9, 3, 6, 11, 3)}M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3`,
  "mic-off": `M9 9v2a3 3 0 0 0 4.4 2.6M15 11V6a3 3 0 0 0-5.7-1.3M5.5 11.5a6.5 6.5 0 0 0 10.3 5.3M18.5 11.5c0 .9-.2 1.8-.5 2.6M12 18v3${slash}`,
  camera: `${round(2.5, 6.5, 13, 11, 2.5)}M15.5 10.8l6-3.3v9l-6-3.3`,
  "camera-off": `M10 6.5h3A2.5 2.5 0 0 1 15.5 9v1.8l6-3.3v9l-2.5-1.4M15.3 15.8a2.5 2.5 0 0 1-2.3 1.7H5A2.5 2.5 0 0 1 2.5 15V9A2.5 2.5 0 0 1 5 6.5h1.3${slash}`,
  share: `${round(2.5, 4.5, 19, 12.5, 2)}M9 20.5h6M12 14V7.8M9.3 10.3 12 7.6l2.7 2.7`,
  "share-off": `${round(2.5, 4.5, 19, 12.5, 2)}M9 20.5h6M9.8 8.5l4.4 4.4M14.2 8.5l-4.4 4.4`,
  hand: "M8 13V6.2a1.4 1.4 0 0 1 2.8 0V11M10.8 11V4.4a1.4 1.4 0 0 1 2.8 0V11M13.6 11V5.6a1.4 1.4 0 0 1 2.8 0v6M16.4 11.6V8.4a1.4 1.4 0 0 1 2.8 0v5.4c0 4-2.6 7.2-6.6 7.2-3 0-4.6-1.2-6-3.6l-2.7-4.6a1.4 1.4 0 0 1 2.4-1.5L8 13.8",
  chat: "M6.5 4h11A2.5 2.5 0 0 1 20 6.5v7a2.5 2.5 0 0 1-2.5 2.5H11l-4.5 4v-4A2.5 2.5 0 0 1 4 13.5v-7A2.5 2.5 0 0 1 6.5 4z",
  people: `${ring(9, 8, 3.3)}M2.8 19.5a6.2 6.2 0 0 1 12.4 0M15.5 5a3.3 3.3 0 0 1 0 6M17.7 14a6.2 6.2 0 0 1 3.5 5.5`,
  leave: "M13 4H7a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h6M10 12h10M16.5 8.5 20 12l-3.5 3.5",
  pin,
  "pin-off": `${pin}${slash}`,
  link: "M10 14a4 4 0 0 0 5.9.4l3-3a4 4 0 0 0-5.7-5.7l-1.4 1.4M14 10a4 4 0 0 0-5.9-.4l-3 3a4 4 0 0 0 5.7 5.7l1.4-1.4",
  check: "M5 12.5l5 5L19.5 7",
  close: "M6 6l12 12M18 6 6 18",
  send: "M12 19.5v-15M5.5 11 12 4.5l6.5 6.5",
  phone:
    "M6.5 4h3l1.5 4-2 1.5a11 11 0 0 0 5.5 5.5l1.5-2 4 1.5v3a2 2 0 0 1-2.2 2A15.8 15.8 0 0 1 4.5 6.2 2 2 0 0 1 6.5 4z",
  weak: "M5 19v-2.5M10 19v-6",
  settings: `M3.5 7h9M18.5 7h2M3.5 17h2M11.5 17h9${ring(15.5, 7, 2.5)}${ring(8.5, 17, 2.5)}`,
  keyboard: `${round(2.5, 6, 19, 12, 2)}M6.5 10h.01M10.2 10h.01M13.8 10h.01M17.5 10h.01M8 14h8`,
  grid: `${round(3.5, 4.5, 7.5, 6.5, 1.5)}${round(13, 4.5, 7.5, 6.5, 1.5)}${round(3.5, 13, 7.5, 6.5, 1.5)}${round(13, 13, 7.5, 6.5, 1.5)}`,
  speaker: `${round(3, 5, 12.5, 14, 1.8)}M19 5.5h2M19 12h2M19 18.5h2`,
  remove: `${ring(10, 8, 3.5)}M3.5 19.5a6.5 6.5 0 0 1 13 0M16.5 10.5h5`,
  shuffle: "M3.5 7H7l8.5 10h5M3.5 17H7l2.3-2.7M12.8 10.2 15.5 7h5M18 4.5 20.5 7 18 9.5M18 14.5l2.5 2.5-2.5 2.5",
  notice: `${ring(12, 12, 8.5)}M12 7.8v5M12 16.2h.01`,
  theme: `${ring(12, 12, 8)}M12 4v16M12 8.5h4.5M12 12h6M12 15.5h4.5`,
  sound: "M4 9.5h3.5L12 5.5v13l-4.5-4H4zM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11",
  down: "M6 9.5l6 6 6-6",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
} as const;

export type IconName = keyof typeof STROKES;

/** Icons whose dots want a wider stroke. */
const HEAVY: ReadonlySet<IconName> = new Set(["more"]);

/** An icon. It says nothing to screen readers: what it stands on has the name. */
export function Icon({ name, size = 24 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true" focusable="false">
      <path d={STROKES[name]} class={HEAVY.has(name) ? "heavy" : undefined} />
      {name === "weak" && <path d="M15 19V9.5M20 19V6" opacity={0.35} />}
    </svg>
  );
}
