import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../../protocol/model.ts";
import { groupMessages, linkify, mergeMessages } from "./messages.ts";

const message = (id: number, from = "ada", at = id * 1000): ChatMessage => ({
  id,
  pid: `p_${from.padEnd(8, "0")}`,
  identity: from,
  name: from,
  text: `message ${id}`,
  at,
});

describe("mergeMessages", () => {
  it("puts older pages before and newer ones after, each once", () => {
    const known = [message(4), message(5)];
    const ids = mergeMessages(mergeMessages(known, [message(2), message(3), message(4)]), [message(5), message(6)]);
    expect(ids.map(m => m.id)).toEqual([2, 3, 4, 5, 6]);
  });

  it("keeps its reference when nothing is new", () => {
    const known = [message(1), message(2)];
    expect(mergeMessages(known, [message(2)])).toBe(known);
  });

  it("starts over when the room did", () => {
    expect(mergeMessages([message(1), message(2)], [message(1, "bob", 99_000)])).toEqual([message(1, "bob", 99_000)]);
  });
});

describe("groupMessages", () => {
  it("joins one sender's messages until somebody else speaks or time passes", () => {
    const groups = groupMessages([message(1), message(2), message(3, "bob"), message(4), message(5, "ada", 900_000)]);
    expect(groups.map(group => group.messages.map(m => m.id))).toEqual([[1, 2], [3], [4], [5]]);
  });
});

describe("linkify", () => {
  it("links web addresses and leaves the sentence's marks outside", () => {
    expect(linkify("See https://example.com/a?b=1, or (http://x.org/y_(z)).")).toEqual([
      { text: "See " },
      { text: "https://example.com/a?b=1", href: "https://example.com/a?b=1" },
      { text: ", or (" },
      { text: "http://x.org/y_(z)", href: "http://x.org/y_(z)" },
      { text: ")." },
    ]);
  });

  it("never makes a link of another scheme and never loses a character", () => {
    const unit = fc.constantFrom(...'ab/:.,;()[]?#@% \n<"é\u05d0😀');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 60 }), noise => {
        for (const text of [noise, `javascript:${noise}`, `https://${noise}`, `data:x ${noise} http://a.b`]) {
          const pieces = linkify(text);
          expect(pieces.map(piece => piece.text).join("")).toBe(text);
          for (const { href } of pieces) if (href !== undefined) expect(href).toMatch(/^https?:\/\//);
        }
      }),
    );
  });
});
