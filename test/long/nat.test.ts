import { afterAll, beforeAll, describe, it } from "vitest";
import { expectCall, NAT_CALLS } from "../support/nat-calls.ts";
import { type Lab, startLab } from "../support/nat-lab.ts";

describe("a call of two in the NAT lab, from peer to peer and by a media node", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab();
  });
  afterAll(() => lab?.close());

  it.each(Object.keys(NAT_CALLS) as (keyof typeof NAT_CALLS)[])("gets through %s", name => expectCall(lab, name));
});
