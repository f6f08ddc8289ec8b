/**
 * G.722 at 64 kbit/s (ITU-T G.722, mode 1): 16 kHz sound split in two bands, six bits a sample for the lower, two for the
 * higher.
 * @module
 */
import type { AudioDecoder, AudioEncoder } from "./audio-codec.ts";
import { createConcealment } from "./concealment.ts";
import { Band, saturate } from "./g722-band.ts";

const RATE = 16_000;
const FRAME = 320;
/** Bytes of 120 ms. */
const LONGEST = 960;

/** Quadrature mirror filter, every other coefficient; the rest are these backwards. */
const MIRROR = Int16Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
const TAPS = 24;

/** Lower band: decision levels, output codes, inverse quantisers of six and four bits, and log scale weights. */
const LEVELS_LOW = Int16Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023],
  ...[1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
const CODE_LOW_NEGATIVE = Uint8Array.of(
  ...[0, 63, 62, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6],
  ...[5, 4],
);
const INVERSE_LOW_6 = Int16Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576],
  ...[-7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040],
  ...[-728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
const INVERSE_LOW_4 = Int16Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
);
const WEIGHT_LOW = Int16Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);

/** Higher band. */
const INVERSE_HIGH = Int16Array.of(-7408, -1616, 7408, 1616);
const WEIGHT_HIGH = Int16Array.of(798, -214, 798, -214);
const LEVEL_HIGH = 564;

const lowerBand = (): Band => new Band({ step: 32, ceiling: 18_432, shift: 8 });
const higherBand = (): Band => new Band({ step: 8, ceiling: 22_528, shift: 10 });
const clip = (value: number): number => (value > 16_383 ? 16_383 : Math.max(value, -16_384));

/** Follows what was sent of a band: both sides do this alike. */
function followLow(band: Band, code: number): void {
  const coarse = code >> 2;
  const difference = (band.step * INVERSE_LOW_4[coarse]!) >> 15;
  band.scale(WEIGHT_LOW[coarse]!);
  band.adapt(difference);
}

function followHigh(band: Band, code: number, difference: number): void {
  band.scale(WEIGHT_HIGH[code]!);
  band.adapt(difference);
}

/** Decodes G.722 to 16 kHz mono. Lost sound is filled with the last pitch period. */
export function createG722Decoder(): AudioDecoder {
  const low = lowerBand();
  const high = higherBand();
  const taps = new Int32Array(TAPS);
  const concealment = createConcealment(RATE);

  /** Decodes a byte to two samples. */
  function step(byte: number, out: Float32Array, at: number): void {
    const codeLow = byte & 0x3f;
    const codeHigh = byte >> 6;
    const lower = clip(low.signal + ((low.step * INVERSE_LOW_6[codeLow]!) >> 15));
    followLow(low, codeLow);
    const difference = (high.step * INVERSE_HIGH[codeHigh]!) >> 15;
    const higher = clip(high.signal + difference);
    followHigh(high, codeHigh, difference);
    taps.copyWithin(0, 2);
    taps[22] = lower + higher;
    taps[23] = lower - higher;
    let even = 0;
    let odd = 0;
    for (let i = 0; i < 12; i++) {
      even += taps[2 * i]! * MIRROR[i]!;
      odd += taps[2 * i + 1]! * MIRROR[11 - i]!;
    }
    out[at] = saturate(odd >> 11) / 32_768;
    out[at + 1] = saturate(even >> 11) / 32_768;
  }

  return {
    rate: RATE,
    channels: 1,
    decode(bytes, offset, length, out, at) {
      if (length < 1 || length > LONGEST) return -1;
      for (let i = 0; i < length; i++) step(bytes[offset + i]!, out, at + 2 * i);
      concealment.heard(out, at, 2 * length);
      return 2 * length;
    },
    conceal: (samples, out, at) => concealment.conceal(samples, out, at),
    recover: (_bytes, _offset, _length, samples, out, at) => concealment.conceal(samples, out, at),
    close() {},
  };
}

/** Encodes 16 kHz mono to G.722. */
export function createG722Encoder(): AudioEncoder {
  const low = lowerBand();
  const high = higherBand();
  const taps = new Int32Array(TAPS);

  function quantiseLow(error: number): number {
    const magnitude = error >= 0 ? error : -(error + 1);
    let level = 1;
    while (level < LEVELS_LOW.length && magnitude >= (LEVELS_LOW[level]! * low.step) >> 12) level++;
    // Positive codes run down from 61.
    return error < 0 ? CODE_LOW_NEGATIVE[level]! : 62 - level;
  }

  function quantiseHigh(error: number): number {
    const magnitude = error >= 0 ? error : -(error + 1);
    const large = magnitude >= (LEVEL_HIGH * high.step) >> 12;
    return error < 0 ? (large ? 0 : 1) : large ? 2 : 3;
  }

  /** Encodes two samples to a byte. */
  function step(first: number, second: number): number {
    taps.copyWithin(0, 2);
    taps[22] = first;
    taps[23] = second;
    let odd = 0;
    let even = 0;
    for (let i = 0; i < 12; i++) {
      odd += taps[2 * i]! * MIRROR[i]!;
      even += taps[2 * i + 1]! * MIRROR[11 - i]!;
    }
    const codeLow = quantiseLow(saturate(((even + odd) >> 14) - low.signal));
    followLow(low, codeLow);
    const codeHigh = quantiseHigh(saturate(((even - odd) >> 14) - high.signal));
    followHigh(high, codeHigh, (high.step * INVERSE_HIGH[codeHigh]!) >> 15);
    return (codeHigh << 6) | codeLow;
  }

  const sample = (value: number): number => saturate(Math.round(value * 32_768));
  return {
    codec: "g722",
    rate: RATE,
    channels: 1,
    frame: FRAME,
    encode(pcm, at, out, outAt) {
      for (let i = 0; i < FRAME; i += 2) {
        out[outAt + (i >> 1)] = step(sample(pcm[at + i]!), sample(pcm[at + i + 1]!));
      }
      return FRAME / 2;
    },
    close() {},
  };
}
