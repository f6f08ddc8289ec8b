import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byHand, handOf, hueOf, initialsOf, isAudible, nameOf } from "./people.ts";
import type { ParticipantView } from "./sdk.ts";

const person = (number: number, hand?: string): ParticipantView => ({
  pid: `p_0000000${number}`,
  number,
  identity: `user-${number}`,
  name: `Person ${number}`,
  kind: "client",
  state: "here",
  moderator: false,
  direct: true,
  joinedAt: 0,
  sources: [],
  connection: "connected",
  ...(hand === undefined ? {} : { attributes: { hand } }),
});

describe("initialsOf", () => {
  it("takes the first and the last word", () => {
    expect(initialsOf("Ada Lovelace")).toBe("AL");
    expect(initialsOf("  grace  brewster   hopper ")).toBe("GH");
    expect(initialsOf("Ken")).toBe("K");
    expect(initialsOf("(Zoë) Ångström")).toBe("ZÅ");
  });

  it("takes one letter in scripts without capitals", () => {
    expect(initialsOf("ليلى العلي")).toBe("ل");
    expect(initialsOf("山田 太郎")).toBe("山");
  });

  it("is never empty and never more than two letters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), name => {
        const letters = [...new Intl.Segmenter().segment(initialsOf(name))].length;
        expect(letters).toBeGreaterThanOrEqual(1);
      }),
    );
    expect(initialsOf("")).toBe("?");
    expect(initialsOf("!!! ???")).toBe("?");
  });
});

describe("hueOf", () => {
  it("is the same for one name everywhere, and spreads over the circle", () => {
    expect(hueOf("Ada")).toBe(hueOf("Ada"));
    const hues = new Set(Array.from({ length: 200 }, (_, i) => hueOf(`Person ${i}`)));
    expect(hues.size).toBe(12);
  });
});

describe("hands", () => {
  it("come first in the order they went up", () => {
    const people = byHand([person(1), person(2, "200"), person(3), person(4, "100")]);
    expect(people.map(one => one.number)).toEqual([4, 2, 1, 3]);
  });

  it("count only when they hold a time", () => {
    expect(handOf(person(1, "17"))).toBe(17);
    for (const text of ["", "yes", "-1", "0"]) expect(handOf(person(1, text))).toBeUndefined();
  });
});

describe("a participant", () => {
  it("is audible with an open microphone only", () => {
    expect(isAudible(person(1))).toBe(false);
    expect(isAudible({ sources: [{ number: 16, kind: "mic", muted: true }] })).toBe(false);
    expect(isAudible({ sources: [{ number: 16, kind: "mic", muted: false }] })).toBe(true);
  });

  it("always has a name", () => {
    expect(nameOf({ name: "", kind: "client" })).toBe("Guest");
    expect(nameOf({ name: "", kind: "phone" })).toBe("Telephone");
  });
});
