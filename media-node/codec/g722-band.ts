/**
 * One of G.722's two sub-band ADPCM predictors (ITU-T G.722, blocks 3 and 4), in 16-bit integers as the recommendation has
 * it: encoder and decoder must stay alike to the bit.
 * @module
 */

/** Quantiser scale factors (table ILB). */
const SCALE = Int16Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);

export const saturate = (value: number): number => (value > 32_767 ? 32_767 : Math.max(value, -32_768));

export interface BandOptions {
  /** First quantiser step: 32 in the lower band, 8 in the higher. */
  readonly step: number;
  /** Ceiling of the logarithmic scale factor. */
  readonly ceiling: number;
  /** Its shift when it becomes a step. */
  readonly shift: number;
}

/** Predictor and step size of one band. */
export class Band {
  /** Predicted signal. */
  signal = 0;
  /** Quantiser step. */
  step: number;
  private readonly ceiling: number;
  private readonly shift: number;
  private logarithm = 0;
  private zeroPart = 0;
  /** Reconstructed and partially reconstructed signal, the newest first. */
  private readonly reconstructed = new Int32Array(3);
  private readonly partial = new Int32Array(3);
  /** Pole coefficients, from 1. */
  private readonly pole = new Int32Array(3);
  private readonly differences = new Int32Array(7);
  private readonly zero = new Int32Array(7);

  constructor({ step, ceiling, shift }: BandOptions) {
    this.step = step;
    this.ceiling = ceiling;
    this.shift = shift;
  }

  /** Adapts the step by the weight of what was quantised (block 3). */
  scale(weight: number): void {
    const logarithm = ((this.logarithm * 127) >> 7) + weight;
    this.logarithm = logarithm < 0 ? 0 : Math.min(logarithm, this.ceiling);
    const shift = this.shift - (this.logarithm >> 11);
    const factor = SCALE[(this.logarithm >> 6) & 31]!;
    this.step = (shift < 0 ? factor << -shift : factor >> shift) << 2;
  }

  /** Adapts the predictor by a quantised difference and predicts the next signal (block 4). */
  adapt(difference: number): void {
    const { reconstructed, partial, pole, differences, zero } = this;
    reconstructed[0] = saturate(this.signal + difference);
    partial[0] = saturate(this.zeroPart + difference);
    differences[0] = difference;
    this.adaptPoles();
    const step = difference === 0 ? 0 : 128;
    for (let i = 6; i > 0; i--) {
      const alike = differences[i]! >> 15 === difference >> 15;
      zero[i] = saturate((alike ? step : -step) + ((zero[i]! * 32_640) >> 15));
      differences[i] = differences[i - 1]!;
    }
    for (let i = 2; i > 0; i--) {
      reconstructed[i] = reconstructed[i - 1]!;
      partial[i] = partial[i - 1]!;
    }
    const first = (pole[1]! * saturate(reconstructed[1]! * 2)) >> 15;
    const second = (pole[2]! * saturate(reconstructed[2]! * 2)) >> 15;
    let sum = 0;
    for (let i = 6; i > 0; i--) sum += (zero[i]! * saturate(differences[i]! * 2)) >> 15;
    this.zeroPart = saturate(sum);
    this.signal = saturate(saturate(first + second) + this.zeroPart);
  }

  private adaptPoles(): void {
    const { partial, pole } = this;
    const sign = partial[0]! >> 15;
    const alike = sign === partial[1]! >> 15;
    const scaled = saturate(pole[1]! << 2);
    const towards = Math.min(alike ? -scaled : scaled, 32_767) >> 7;
    const second = towards + (sign === partial[2]! >> 15 ? 128 : -128) + ((pole[2]! * 32_512) >> 15);
    pole[2] = second > 12_288 ? 12_288 : Math.max(second, -12_288);
    const limit = saturate(15_360 - pole[2]!);
    const first = saturate((alike ? 192 : -192) + ((pole[1]! * 32_640) >> 15));
    pole[1] = first > limit ? limit : Math.max(first, -limit);
  }
}
