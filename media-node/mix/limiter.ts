/** Sums louder than this are turned down, and what is still above it is bent, not cut. */
const THRESHOLD = 0.8;
/** Share of the way back to full gain per frame: about half a second in all. */
const RELEASE = 0.06;
/** The gain falls within so much of a frame. */
const ATTACK = 1 / 8;

/** Keeps one mix below full scale: several voices at once may well be louder. */
export class Limiter {
  private gain = 1;

  /** Works on a frame in place: `length` floats, channels interleaved. */
  apply(pcm: Float32Array, length: number): void {
    let peak = 0;
    for (let i = 0; i < length; i++) peak = Math.max(peak, Math.abs(pcm[i]!));
    const before = this.gain;
    const wanted = peak > THRESHOLD ? THRESHOLD / peak : 1;
    this.gain = wanted < before ? wanted : before + (wanted - before) * RELEASE;
    if (before > 0.999 && this.gain > 0.999) {
      this.gain = 1;
      return;
    }
    const ramp = this.gain < before ? length * ATTACK : length;
    for (let i = 0; i < length; i++) {
      const gain = i < ramp ? before + ((this.gain - before) * i) / ramp : this.gain;
      pcm[i] = bend(pcm[i]! * gain);
    }
  }
}

/** Leaves a sample alone below the threshold and brings it smoothly to 1 above. */
function bend(sample: number): number {
  const size = Math.abs(sample);
  if (size <= THRESHOLD) return sample;
  const room = 1 - THRESHOLD;
  return Math.sign(sample) * (THRESHOLD + room * Math.tanh((size - THRESHOLD) / room));
}
