import { expect, it } from "vitest";
import { createTally } from "./tally.ts";

it("adds up part by part, and other tallies", () => {
  const past = createTally();
  past.add("rtp", { received: 3, lost: 1 });
  const tally = createTally();
  tally.add("rtp", { received: 4, lost: 0 });
  tally.add("sent", { packets: 9 });
  tally.addAll(past);
  expect(tally.total()).toEqual({ "rtp.received": 7, "rtp.lost": 1, "sent.packets": 9 });
  expect(past.total()).toEqual({ "rtp.received": 3, "rtp.lost": 1 });
});
