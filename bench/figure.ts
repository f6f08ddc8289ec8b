/** One measured figure: ours and the peer's on the same work in the same run. */
export interface Figure {
  bench: string;
  figure: string;
  unit: string;
  ours: number;
  peer: number;
  peerName: string;
  /** How many times better ours is. */
  ratio: number;
}

export interface Report {
  /** Add a figure; `better` says which direction is good. */
  figure(name: string, unit: string, ours: number, peer: number, peerName: string, better: "higher" | "lower"): void;
  /** Progress, for whoever watches. */
  note(text: string): void;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Nearest-rank quantile; NaN of nothing. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
