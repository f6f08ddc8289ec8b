/** Ticks of a detector a second. */
export const RATE = 10;

/** Levels are shares of the range from -60 dBFS to full scale. */
const FLOOR = -60;
/** -42 dBFS for two ticks is speech; it ends after eight ticks below -50. */
const ON = 0.3;
const OFF = 0.17;
const ON_TICKS = 2;
const OFF_TICKS = 8;

/** The level, 0 to 1, of an amplitude (root mean square, 0 to 1). */
export const levelOf = (amplitude: number): number =>
  amplitude <= 0 ? 0 : Math.min(1, Math.max(0, 1 - (20 * Math.log10(amplitude)) / FLOOR));

/** Decides from levels, {@link RATE} a second, whether somebody speaks: neither a click nor a pause for breath counts. */
export function createDetector(): (level: number) => boolean {
  let speaking = false;
  let ticks = 0;
  return level => {
    const against = speaking ? level < OFF : level > ON;
    ticks = against ? ticks + 1 : 0;
    if (ticks >= (speaking ? OFF_TICKS : ON_TICKS)) {
      speaking = !speaking;
      ticks = 0;
    }
    return speaking;
  };
}
