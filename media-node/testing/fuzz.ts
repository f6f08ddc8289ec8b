import { createRandom, type Random } from "./random.ts";

/** Inputs per fuzz test: few by default, 200,000 in `npm test`, millions in the long run. */
export const FUZZ_RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);
export const FUZZ_TIMEOUT = 60_000 + FUZZ_RUNS / 5;

const MAX_LENGTH = 300;

/**
 * Hands `check` hostile inputs: random bytes, and samples with bits flipped, bytes replaced, cut off or added.
 * Throws with the input in hex when `check` does.
 */
export function fuzz(samples: readonly Uint8Array[], check: (bytes: Buffer, random: Random) => void, seed = 1): void {
  const random = createRandom(seed);
  for (let run = 0; run < FUZZ_RUNS; run++) {
    const bytes = mutate(samples, random);
    const copy = Buffer.from(bytes);
    try {
      check(bytes, random);
    } catch (error) {
      throw new Error(`input ${run}: ${copy.toString("hex")}`, { cause: error });
    }
  }
}

/** A check for millions of inputs: an `expect` costs more than what it checks. */
export function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function mutate(samples: readonly Uint8Array[], random: Random): Buffer {
  if (samples.length === 0 || random.chance(0.1)) {
    return Buffer.from(random.fill(Buffer.alloc(random.integer(0, MAX_LENGTH))));
  }
  const sample = samples[random.integer(0, samples.length - 1)]!;
  const cut = random.chance(0.3) ? random.integer(0, sample.length) : sample.length;
  const added = random.chance(0.2) ? random.integer(1, 40) : 0;
  const bytes = Buffer.alloc(cut + added);
  bytes.set(sample.subarray(0, cut));
  random.fill(bytes.subarray(cut));
  const changes = random.integer(0, 4);
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    const at = random.integer(0, bytes.length - 1);
    bytes[at] = random.chance(0.5) ? bytes[at]! ^ (1 << random.integer(0, 7)) : random.integer(0, 255);
  }
  return bytes;
}
