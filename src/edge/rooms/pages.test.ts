import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byteLength, pagesOf } from "./pages.ts";

describe("pages", () => {
  it("are one where nothing is to be said", () => {
    expect(pagesOf("replay", { events: [] })).toEqual(['{"type":"replay","part":0,"last":true,"events":[]}']);
  });

  it("carry every item once, in order, none over the limit, the last one marked", () => {
    const item = fc.string({ unit: "binary", maxLength: 200 }).map(text => JSON.stringify(text));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 60 }), fc.array(item, { maxLength: 20 }), (participants, chat) => {
        const texts = pagesOf("snapshot", { participants, chat }, 2_048);
        const pages = texts.map(text => JSON.parse(text));
        expect(pages.flatMap(page => page.participants)).toEqual(participants.map(text => JSON.parse(text)));
        expect(pages.flatMap(page => page.chat)).toEqual(chat.map(text => JSON.parse(text)));
        expect(pages.map(page => page.part)).toEqual(pages.map((_, index) => index));
        expect(pages.map(page => page.last)).toEqual(pages.map((_, index) => index === pages.length - 1));
        for (const text of texts) expect(byteLength(text)).toBeLessThanOrEqual(2_048);
      }),
    );
  });
});
