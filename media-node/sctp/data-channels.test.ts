import { it, expect } from "vitest";
import { createPair } from "./testing/pair.ts";
it("x", () => {
  const p = createPair();
  p.ends[0].channels.send(0, "early", 0);
  p.connect();
  console.log(p.link.now, p.ends[0].heard, p.ends[1].heard);
  p.ends[1].channels.send(0, Buffer.alloc(60000, 7), p.link.now);
  p.settle();
  console.log(p.link.now, p.ends[0].messages(0).map(m => m.length), p.link.sent.map(s => s.map(x=>x.length)));
  expect(p.ends[1].messages(0)).toEqual(["early"]);
});
