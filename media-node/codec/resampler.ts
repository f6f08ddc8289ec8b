/** Zero crossings of the filter on each side: 70 dB and more below what passes, at 90 % of the band. */
const CROSSINGS = 16;
/** Share of the lower band that passes. */
const PASS = 0.94;
/** The most phases: common rates need 160. */
const MAX_PHASES = 1_024;

/** Sound at one rate made sound at another, piece by piece. */
export interface Resampler {
  /** @returns what `input` adds, valid until the next call */
  push(input: Float32Array): Float32Array;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** A windowed sinc (Kaiser's window is no better for this length than Blackman's), one set of weights for each phase. */
function weightsOf(phases: number, taps: number, cutoff: number): Float32Array {
  const weights = new Float32Array(phases * taps);
  const half = taps / 2;
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap++) {
      const x = tap - half + 1 - phase / phases;
      const angle = (Math.PI * x) / half;
      const window = Math.abs(x) >= half ? 0 : 0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
      const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
      weights[phase * taps + tap] = window * sinc;
      sum += window * sinc;
    }
    // Silence stays silence, and a constant is as loud in every phase.
    for (let tap = 0; tap < taps; tap++) weights[phase * taps + tap]! /= sum;
  }
  return weights;
}

/** @returns undefined for rates whose ratio is no small fraction */
export function createResampler(from: number, to: number): Resampler | undefined {
  const common = divisor(from, to);
  const phases = to / common;
  const step = from / common;
  if (from === to) return { push: input => input };
  if (phases > MAX_PHASES || from > to * 8) return undefined;
  const cutoff = PASS * Math.min(1, to / from);
  const taps = 2 * Math.ceil(CROSSINGS / Math.min(1, to / from));
  const weights = weightsOf(phases, taps, cutoff);
  /** Input that is still needed, oldest first: at the beginning the silence before it. */
  let held = new Float32Array(taps - 1);
  let phase = 0;
  let out = new Float32Array(0);

  return {
    push(input) {
      const all = new Float32Array(held.length + input.length);
      all.set(held);
      all.set(input, held.length);
      const most = Math.ceil((all.length * phases) / step) + 1;
      if (out.length < most) out = new Float32Array(most);
      let at = 0;
      let count = 0;
      for (; at + taps <= all.length; count++) {
        let sum = 0;
        const base = phase * taps;
        for (let tap = 0; tap < taps; tap++) sum += weights[base + tap]! * all[at + tap]!;
        out[count] = sum;
        phase += step;
        at += Math.floor(phase / phases);
        phase %= phases;
      }
      held = all.slice(at);
      return out.subarray(0, count);
    },
  };
}
