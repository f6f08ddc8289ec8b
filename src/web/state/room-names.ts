const words = (list: string): readonly string[] => list.split(" ");

const moods = words(
  "amber brisk calm clear early gentle golden keen light lucky mellow merry " +
    "nimble open patient quick quiet silver steady sunny swift warm wild wise",
);
const things = words(
  "acorn anchor birch brook cedar comet crane ember falcon fern harbor heron " +
    "island lantern maple meadow otter pebble raven river sparrow tandem thistle willow",
);

/**
 * A name for a room that is easy to say and type, such as `quiet-otter-417`. It is friendly, not secret.
 *
 * @param random - A number from 0 up to 1, like `Math.random`.
 */
export function friendlyRoomName(random: () => number = Math.random): string {
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)];
  return `${pick(moods)}-${pick(things)}-${100 + Math.floor(random() * 900)}`;
}

/** What somebody types, as a room name: `Team  Meeting!` becomes `team-meeting`. Empty if nothing is left of it. */
export function toRoomName(typed: string): string {
  return typed
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 64);
}
