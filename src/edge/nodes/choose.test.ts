import { describe, expect, it } from "vitest";
import { type Candidate, chooseNode } from "./choose.ts";

const node = (id: string, more: Partial<Candidate> = {}): Candidate => ({
  id,
  region: "weur",
  load: 0.2,
  draining: false,
  linked: true,
  ...more,
});
const pick = (nodes: Candidate[], region = "", exclude: string[] = []) => chooseNode(nodes, region, exclude)?.id;

describe("placing a room", () => {
  it("takes the least loaded node", () => expect(pick([node("a"), node("b", { load: 0.1 })])).toBe("b"));
  it("prefers the room's region", () =>
    expect(pick([node("a", { load: 0.5 }), node("b", { region: "enam" })], "weur")).toBe("a"));
  it("leaves a full region", () =>
    expect(pick([node("a", { load: 0.95 }), node("b", { region: "enam" })], "weur")).toBe("b"));
  it("takes nobody who drains or has no link", () => {
    expect(pick([node("a", { draining: true }), node("b", { linked: false })])).toBeUndefined();
  });
  it("returns to a node that failed only if it must", () => {
    expect(pick([node("a"), node("b", { load: 0.99, region: "apac" })], "weur", ["a"])).toBe("b");
    expect(pick([node("a")], "weur", ["a"])).toBe("a");
  });
});
