/**
 * Sound made shorter or longer by one pitch period (WSOLA), without a change of pitch: so a buffer shrinks, grows and
 * follows a drifting clock unheard.
 * @module
 */

/** Periods are looked for from 2.5 to 10 ms. */
const SHORTEST = 1 / 400;
const LONGEST = 1 / 100;
/** How alike (correlation) two periods must be, unless it is urgent; quieter than this (mean square) anything will do. */
const ALIKE = 0.6;
const QUIET = 1e-6;
/** Every so many samples are compared at first, at 48 kHz. */
const COARSE = 48_000 / 6;

/** Finds a pitch period at the beginning of a piece of sound. @returns samples, or 0 when there is none */
function findPeriod(
  pcm: Float32Array,
  at: number,
  samples: number,
  channels: number,
  rate: number,
  any: boolean,
): number {
  const shortest = Math.round(rate * SHORTEST);
  const longest = Math.min(Math.round(rate * LONGEST), samples >> 1);
  const compared = samples - longest;
  const stride = Math.max(1, Math.round(rate / COARSE));
  let best = 0;
  let bestLag = 0;
  let energy = 0;
  for (let i = 0; i < compared; i += stride) energy += pcm[at + i * channels]! ** 2;
  if (energy * stride < QUIET * compared) return longest;
  const measure = (lag: number): void => {
    let product = 0;
    let later = 1e-9;
    for (let i = 0; i < compared; i += stride) {
      const shifted = pcm[at + (i + lag) * channels]!;
      product += pcm[at + i * channels]! * shifted;
      later += shifted * shifted;
    }
    const likeness = product / Math.sqrt(later * energy);
    if (likeness <= best) return;
    best = likeness;
    bestLag = lag;
  };
  for (let lag = shortest; lag <= longest; lag += stride) measure(lag);
  const around = bestLag;
  for (let lag = around - stride + 1; lag < around + stride; lag++) {
    if (lag >= shortest && lag <= longest && lag !== around) measure(lag);
  }
  return best >= ALIKE || (any && bestLag > 0) ? bestLag : 0;
}

/**
 * Takes one period out of the `samples` at `pcm[at]`.
 * @param any whether it must be done even where it is heard.
 * @returns samples that are left; all when there is no period to take.
 */
export function shorten(
  pcm: Float32Array,
  at: number,
  samples: number,
  channels: number,
  rate: number,
  any: boolean,
): number {
  const period = findPeriod(pcm, at, samples, channels, rate, any);
  if (period === 0) return samples;
  const length = period * channels;
  for (let i = 0; i < length; i++) {
    const share = i / length;
    pcm[at + i] = pcm[at + i]! * (1 - share) + pcm[at + length + i]! * share;
  }
  pcm.copyWithin(at + length, at + 2 * length, at + samples * channels);
  return samples - period;
}

/**
 * Repeats one period at the beginning of the `samples` at `pcm[at]`, behind which there must be room for half as many.
 * @returns samples there are then.
 */
export function lengthen(
  pcm: Float32Array,
  at: number,
  samples: number,
  channels: number,
  rate: number,
  any: boolean,
): number {
  const period = findPeriod(pcm, at, samples, channels, rate, any);
  if (period === 0) return samples;
  const length = period * channels;
  pcm.copyWithin(at + 2 * length, at + length, at + samples * channels);
  // What lay behind the period is there twice now: at its new place, and here, where it fades into the period.
  for (let i = 0; i < length; i++) {
    const share = i / length;
    pcm[at + length + i] = pcm[at + length + i]! * (1 - share) + pcm[at + i]! * share;
  }
  return samples + period;
}
