import { describe, expect, it } from "vitest";
import { createAnswer } from "./answer.ts";
import { attempt } from "./failure.ts";
import { fixture, OFFERS, planFor } from "./fixtures.testing.ts";
import { negotiate } from "./negotiate.ts";
import { parseOffer } from "./offer.ts";
import { parseDescription } from "./parse.ts";
import { compareOffers } from "./reoffer.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 1_500);
/** The larger ones only cost time: their lines are those of the others. */
const SEEDS = OFFERS.map(fixture).filter(text => text.length < 10_000);
const LINES = [...new Set(SEEDS.flatMap(text => text.split("\r\n")))];
const PIECES = [
  "",
  " ",
  ":",
  "=",
  "/",
  "*",
  ";",
  "~",
  "0",
  "-1",
  "65536",
  "4294967296",
  "9".repeat(30),
  "\r",
  "\0",
  "é",
  "a=",
  "m=",
  "\n",
];

describe("reading and answering offers", () => {
  it("never throws, whatever becomes of them; what it accepts it can answer", { timeout: 3_600_000 }, () => {
    let state = 8866;
    const random = (below: number) => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const pick = <T>(list: readonly T[]) => list[random(list.length)]!;
    const mutate = (text: string): string => {
      const at = random(text.length);
      switch (random(5)) {
        case 0:
          return text.slice(0, at) + pick(PIECES) + text.slice(at);
        case 1:
          return text.slice(0, at) + pick(PIECES) + text.slice(at + 1 + random(5));
        case 2: {
          const lines = text.split("\r\n");
          lines.splice(random(lines.length), random(2), pick(LINES));
          return lines.join("\r\n");
        }
        case 3: {
          const lines = text.split("\r\n");
          lines.splice(random(lines.length), 1 + random(3));
          return lines.join("\r\n");
        }
        default:
          return text.slice(0, at) + String.fromCharCode(random(256)) + text.slice(at + 1);
      }
    };
    let accepted = 0;
    for (let run = 0; run < RUNS; run++) {
      const seed = pick(SEEDS);
      let text = seed;
      for (let i = 1 + random(3); i > 0; i--) text = mutate(text);
      const offer = parseOffer(text);
      if (!offer.ok) {
        if (offer.error.line > text.split("\n").length) expect.unreachable(`run ${run}: line ${offer.error.line}`);
        continue;
      }
      const negotiation = negotiate(offer.value);
      if (!negotiation.ok) continue;
      accepted++;
      const answer = createAnswer(negotiation.value, planFor(negotiation.value));
      const reread = attempt(() => parseDescription(answer));
      if (!reread.ok || reread.value.media.length !== offer.value.media.length)
        expect.unreachable(`run ${run}: ${text}`);
      compareOffers(negotiation.value, negotiation.value);
    }
    expect(accepted).toBeGreaterThan(RUNS / 10);
  });
});
