/**
 * What a sequence parameter set says of its pictures (H.264 §7.3.2.1).
 * @module
 */

/** Size of a picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Profiles whose parameter sets say more of colour. */
const HIGH_PROFILES: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134]);

/** Bits of a NAL unit, emulation prevention taken out. Past the end there are zeros. */
class Bits {
  /** Whether more was read than there is. */
  over = false;
  private readonly bytes: Buffer;
  private at = 0;

  constructor(unit: Buffer) {
    const bytes: number[] = [];
    for (let i = 0, zeros = 0; i < unit.length; i++) {
      const byte = unit[i]!;
      if (zeros >= 2 && byte === 3) {
        zeros = 0;
        continue;
      }
      zeros = byte === 0 ? zeros + 1 : 0;
      bytes.push(byte);
    }
    this.bytes = Buffer.from(bytes);
  }

  read(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.at++) {
      const byte = this.bytes[this.at >> 3];
      if (byte === undefined) this.over = true;
      value = value * 2 + (((byte ?? 0) >> (7 - (this.at & 7))) & 1);
    }
    return value;
  }

  /** Exp-Golomb, unsigned. */
  ue(): number {
    let zeros = 0;
    while (zeros < 32 && !this.over && this.read(1) === 0) zeros++;
    return 2 ** zeros - 1 + this.read(zeros);
  }

  /** Exp-Golomb, signed. */
  se(): number {
    const value = this.ue();
    return value % 2 === 0 ? -value / 2 : (value + 1) / 2;
  }
}

function skipScalingLists(bits: Bits, count: number): void {
  for (let list = 0; list < count; list++) {
    if (bits.read(1) === 0) continue;
    let [last, next] = [8, 8];
    for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
      if (next !== 0) next = (last + bits.se() + 256) % 256;
      last = next === 0 ? last : next;
    }
  }
}

/** The size of the pictures, or undefined where it makes no sense. */
export function pictureSize(sps: Buffer): PictureSize | undefined {
  if (sps.length < 4 || sps.length > 1_024) return undefined;
  const bits = new Bits(sps.subarray(1));
  const profile = bits.read(8);
  bits.read(16);
  bits.ue();
  let chroma = 1;
  let separate = 0;
  if (HIGH_PROFILES.has(profile)) {
    chroma = bits.ue();
    if (chroma === 3) separate = bits.read(1);
    bits.ue();
    bits.ue();
    bits.read(1);
    if (bits.read(1) === 1) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.ue();
  const order = bits.ue();
  if (order === 0) bits.ue();
  else if (order === 1) {
    bits.read(1);
    bits.se();
    bits.se();
    const cycle = bits.ue();
    if (cycle > 255) return undefined;
    for (let i = 0; i < cycle; i++) bits.se();
  }
  bits.ue();
  bits.read(1);
  const columns = bits.ue() + 1;
  const rows = bits.ue() + 1;
  const frames = bits.read(1);
  if (frames === 0) bits.read(1);
  bits.read(1);
  const crop = bits.read(1) === 1 ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = separate === 0 && (chroma === 1 || chroma === 2) ? 2 : 1;
  const unitY = (separate === 0 && chroma === 1 ? 2 : 1) * (2 - frames);
  const width = columns * 16 - (left + right) * unitX;
  const height = rows * 16 * (2 - frames) - (top + bottom) * unitY;
  const sane = width > 0 && height > 0 && width <= 16_384 && height <= 16_384;
  return bits.over || !sane ? undefined : { width, height };
}
