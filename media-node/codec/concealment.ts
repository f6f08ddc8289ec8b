/**
 * Sound in place of what got lost, for codecs that have nothing of the kind: the last pitch period over and over, fading
 * (after ITU-T G.711 Appendix I). Mono.
 * @module
 */

/** Pitch is looked for from 66 to 400 Hz. */
const SHORTEST_PITCH = 1 / 400;
const LONGEST_PITCH = 1 / 66;
/** So much sound is compared to find it (s). */
const COMPARED = 0.02;
/** For so long (s) the period is repeated as it was; then it fades, and it is gone after the second. */
const STEADY = 0.01;
const GONE = 0.06;
/** Where real sound returns, it blends in for so long (s). */
const BLEND = 0.004;

export interface Concealment {
  /** Takes note of sound that was decoded, and blends its beginning with what was made up before it. */
  heard(pcm: Float32Array, at: number, samples: number): void;
  /** Makes up the next samples. @returns `samples` */
  conceal(samples: number, out: Float32Array, at: number): number;
}

export function createConcealment(rate: number): Concealment {
  const shortest = Math.round(rate * SHORTEST_PITCH);
  const longest = Math.round(rate * LONGEST_PITCH);
  const compared = Math.round(rate * COMPARED);
  const steady = rate * STEADY;
  const gone = rate * GONE;
  const blend = Math.round(rate * BLEND);
  /** The newest sound, the newest last. */
  const past = new Float32Array(longest + compared);
  const period = new Float32Array(longest);
  let pitch = 0;
  /** Samples made up since the last real one. */
  let made = 0;

  function findPitch(): number {
    const from = past.length - compared;
    let best = 0;
    let bestLag = longest;
    for (let lag = shortest; lag <= longest; lag++) {
      let product = 0;
      let energy = 1e-9;
      for (let i = from; i < past.length; i++) {
        const earlier = past[i - lag]!;
        product += past[i]! * earlier;
        energy += earlier * earlier;
      }
      const likeness = product > 0 ? (product * product) / energy : 0;
      if (likeness <= best) continue;
      best = likeness;
      bestLag = lag;
    }
    return bestLag;
  }

  function next(): number {
    const sample = period[made % pitch]!;
    const gain = made < steady ? 1 : Math.max(0, 1 - (made - steady) / (gone - steady));
    made++;
    return sample * gain;
  }

  function remember(pcm: Float32Array, at: number, samples: number): void {
    if (samples >= past.length) past.set(pcm.subarray(at + samples - past.length, at + samples));
    else {
      past.copyWithin(0, samples);
      past.set(pcm.subarray(at, at + samples), past.length - samples);
    }
  }

  return {
    heard(pcm, at, samples) {
      if (made > 0) {
        const length = Math.min(blend, samples);
        for (let i = 0; i < length; i++) {
          const share = i / length;
          pcm[at + i] = pcm[at + i]! * share + next() * (1 - share);
        }
        made = 0;
      }
      remember(pcm, at, samples);
    },
    conceal(samples, out, at) {
      if (made === 0) {
        pitch = findPitch();
        period.set(past.subarray(past.length - pitch));
      }
      for (let i = 0; i < samples; i++) out[at + i] = next();
      return samples;
    },
  };
}
