import type { Figures } from "./figures.ts";

export type Score = "good" | "fair" | "poor";
/** What a lower score is due to: the first of these that explains it. */
export type Reason = "loss" | "rtt" | "relay" | "cpu" | "bandwidth";

export interface Quality {
  readonly score: Score;
  /** Missing while it is good. */
  readonly reason?: Reason;
  readonly figures: Figures;
}

/** From these on, conversation suffers a little, or a lot: share of packets, ms. */
const LOSS = { fair: 0.02, poor: 0.08 };
const RTT = { fair: 250, poor: 500 };

const grade = (value: number, { fair, poor }: { fair: number; poor: number }): Score =>
  value >= poor ? "poor" : value >= fair ? "fair" : "good";

const WORSE: Record<Score, number> = { good: 0, fair: 1, poor: 2 };

/** The worse of two qualities. */
export const worse = (one: Quality, other: Quality): Quality => (WORSE[other.score] > WORSE[one.score] ? other : one);

/** What the figures of a connection mean for those who talk over it. `interrupted`: nothing passes at all now. */
export function judge(figures: Figures, interrupted: boolean): Quality {
  if (interrupted) return { score: "poor", reason: "loss", figures };
  const { loss, rtt = 0, relay, limit } = figures;
  const byRtt = grade(rtt, RTT);
  const findings: [Score, Reason][] = [
    [grade(loss, LOSS), "loss"],
    // A way round by a relay is named as such: a relay nearby, or none, would help.
    [byRtt, relay ? "relay" : "rtt"],
    [limit ? "fair" : "good", limit ?? "bandwidth"],
  ];
  let worst: [Score, Reason] | undefined;
  for (const finding of findings) if (WORSE[finding[0]] > (worst ? WORSE[worst[0]] : 0)) worst = finding;
  return worst ? { score: worst[0], reason: worst[1], figures } : { score: "good", figures };
}
