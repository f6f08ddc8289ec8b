/** Sound whose ingredients can be told apart again. */

/** A sine of `frequency` (Hz), from sample `start` on. */
export function tone(frequency: number, rate: number, samples: number, amplitude = 0.25, start = 0): Float32Array {
  const step = (2 * Math.PI * frequency) / rate;
  return Float32Array.from({ length: samples }, (_, i) => amplitude * Math.sin(step * (start + i)));
}

/** Something like a vowel: a pitch (Hz) and its harmonics. */
export function voice(pitch: number, rate: number, samples: number, amplitude = 0.25): Float32Array {
  const out = new Float32Array(samples);
  for (let harmonic = 1; harmonic * pitch < Math.min(3_800, rate / 2); harmonic++) {
    const part = tone(harmonic * pitch, rate, samples, amplitude / harmonic);
    for (let i = 0; i < samples; i++) out[i]! += part[i]!;
  }
  return out;
}

/** Amplitude of the part of a signal at `frequency` (Goertzel's bin). Whole periods tell best. */
export function amplitudeAt(pcm: Float32Array, frequency: number, rate: number): number {
  const step = (2 * Math.PI * frequency) / rate;
  const turn = 2 * Math.cos(step);
  let last = 0;
  let beforeLast = 0;
  for (const sample of pcm) {
    const next = sample + turn * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  const power = last * last + beforeLast * beforeLast - turn * last * beforeLast;
  return (2 * Math.sqrt(Math.max(0, power))) / pcm.length;
}

/** Root mean square. */
export const loudness = (pcm: Float32Array): number =>
  Math.sqrt(pcm.reduce((sum, sample) => sum + sample * sample, 0) / pcm.length);

/** Amplitudes as decibels. */
export const decibels = (ratio: number): number => 20 * Math.log10(Math.max(ratio, 1e-9));

/** How much louder (dB) `reference` is than what `signal`, which came `delay` samples later, differs from it. */
export function signalToNoise(reference: Float32Array, signal: Float32Array, delay: number, from: number): number {
  let wanted = 0;
  let noise = 1e-12;
  for (let i = from; i < signal.length; i++) {
    const truth = reference[i - delay] ?? 0;
    wanted += truth * truth;
    noise += (signal[i]! - truth) ** 2;
  }
  return 10 * Math.log10(wanted / noise);
}
