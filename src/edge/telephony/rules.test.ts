import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { RoomId } from "../../protocol/names.ts";
import { roomFor, rulesFor, type StoredRule } from "./rules.ts";

const rule = (id: string, more: Partial<StoredRule> = {}): StoredRule => ({
  ...{ id, room: id, create: false, hideNumber: false, pin: undefined, pinDigits: undefined, createdAt: 1 },
  ...more,
});
const found = (rules: StoredRule[], to = "+4930123", from = "+491", trunk = "t") =>
  rulesFor(rules, { trunk, from, to }).map(({ id }) => id);

describe("rules for a call", () => {
  it("are those that name its number most closely", () => {
    const rules = [
      rule("all"),
      rule("country", { numbers: ["+49*"] }),
      rule("city", { numbers: ["+1*", "+4930*"] }),
      rule("number", { numbers: ["+4930123"] }),
    ];
    expect(found(rules)).toEqual(["number"]);
    expect(found(rules, "+4930124")).toEqual(["city"]);
    expect(found(rules, "+4940")).toEqual(["country"]);
    expect(found(rules, "alice")).toEqual(["all"]);
  });

  it("are for the trunks and callers that they name, and who hides its number is on no list", () => {
    const rules = [rule("a", { trunks: ["other"] }), rule("b", { callers: ["+49*"] })];
    expect(found(rules)).toEqual(["b"]);
    expect(found(rules, "1", "+33")).toEqual([]);
    expect(found(rules, "1", "")).toEqual([]);
    expect(found([rule("b", { callers: ["*"] })], "1", "")).toEqual([]);
  });

  it("all count where all have PINs, and else the oldest without one alone", () => {
    const pinned = [rule("a", { pin: "x" }), rule("b", { pin: "y" })];
    expect(found(pinned)).toEqual(["a", "b"]);
    expect(found([...pinned, rule("c"), rule("d")])).toEqual(["c"]);
  });
});

describe("the room of a caller", () => {
  it.each(["+49 (30) 123", "alice.smith", "", "ÄÖ", "1".repeat(64), "-_-"])("of %j has a name that is one", from => {
    const { room: _, ...prefixed } = rule("p", { roomPrefix: "caller" });
    expect(v.is(RoomId, roomFor(prefixed, from, "hash"))).toBe(true);
    expect(v.is(RoomId, roomFor({ ...prefixed, hideNumber: true }, from, "Hash"))).toBe(true);
  });

  it("is the same each time, unless it hides its number", () => {
    const { room: _, ...prefixed } = rule("p", { roomPrefix: "caller" });
    expect(roomFor(prefixed, "+491", "h")).toBe(roomFor(prefixed, "+491", "h"));
    expect(roomFor(prefixed, "", "h")).not.toBe(roomFor(prefixed, "", "h"));
  });
});
