import { afterAll, beforeAll, describe, it } from "vitest";
import { expectCall } from "../support/nat-calls.ts";
import { type Lab, startLab } from "../support/nat-lab.ts";

/** The two hardest; `test/long/nat.test.ts` has all. */
const HARDEST = ["two symmetric NATs", "firewalls that let only 443/TCP out"] as const;

describe("a call of two in the NAT lab, from peer to peer and by a media node", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab?.close());

  it.each(HARDEST)("gets through %s", name => expectCall(lab, name));
});
