/** How many answers without proof of address a source gets, so that forged requests reflect little at their victim. */
export interface SourceBudget {
  /** False when the source has had its share: the answer is silence. */
  take(address: Uint8Array, family: number, now: number): boolean;
  /** Workers beside this one gave a source so many answers. */
  sibling(source: number, answers: number, now: number): void;
}

export interface SourceBudgetOptions {
  /** Answers a second; 0: no limit. */
  readonly perSecond: number;
  /** Answers at once. */
  readonly burst: number;
  /** Makes the hash unpredictable, so that nobody chooses whom to share a cell with. Workers of a node share it. */
  readonly seed: number;
  /** Told now and then of a source that got many answers, for the other workers' budgets. */
  readonly onSpent?: (source: number, answers: number) => void;
}

/** Sources share cells when their hashes meet: that makes the budget tighter, never looser, and memory fixed. */
const CELLS = 1 << 14;
/** A source is told of each time it got this share of a burst: who asks little is nobody else's business. */
const TOLD_SHARE = 8;

/** A token bucket per IPv4 address and IPv6 /64, in a table of fixed size. */
export function createSourceBudget({ perSecond, burst, seed, onSpent }: SourceBudgetOptions): SourceBudget {
  const tokens = new Float64Array(CELLS).fill(burst);
  const filledAt = new Float64Array(CELLS);
  const untold = new Uint16Array(CELLS);
  const chunk = Math.max(1, Math.floor(burst / TOLD_SHARE));

  function fill(cell: number, now: number): number {
    const filled = Math.min(burst, tokens[cell]! + ((now - filledAt[cell]!) * perSecond) / 1000);
    filledAt[cell] = now;
    return filled;
  }

  return {
    take(address, family, now) {
      if (perSecond === 0) return true;
      const length = family === 1 ? 4 : 8;
      let hash = seed | 0;
      for (let i = 0; i < length; i++) hash = Math.imul(hash ^ address[i]!, 0x01000193);
      const cell = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 18;
      const filled = fill(cell, now);
      if (filled < 1) {
        tokens[cell] = filled;
        return false;
      }
      tokens[cell] = filled - 1;
      if (onSpent && ++untold[cell]! === chunk) {
        untold[cell] = 0;
        onSpent(cell, chunk);
      }
      return true;
    },
    sibling(source, answers, now) {
      // Below zero, so that workers asked in turns give no more together than one would.
      if (perSecond > 0 && source >= 0 && source < CELLS)
        tokens[source] = Math.max(-burst, fill(source, now) - answers);
    },
  };
}
