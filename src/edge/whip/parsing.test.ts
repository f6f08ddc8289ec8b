import { describe, expect, it } from "vitest";
import { answerTo, offerOf } from "../testing/sdp.ts";
import { parseIfMatch } from "./etag.ts";
import { fragmentOf, parseFragment } from "./fragment.ts";
import { checkAnswer, checkOffer } from "./offer.ts";
import { attributeOf, sectionsOf } from "./sdp.ts";

describe("If-Match", () => {
  it.each([
    [undefined, undefined],
    ["  ", undefined],
    ["*", "any"],
    ['"*"', "any"],
    ['"a"', ['"a"']],
    ['"a", "b"', ['"a"', '"b"']],
    ['W/"a"', []],
    ["a", ['"a"']],
  ])("%s means %j", (header, meaning) => expect(parseIfMatch(header)).toEqual(meaning));
});

describe("a description", () => {
  it("has its session's direction where an m-line says none, and bundle-only lines are not stopped", () => {
    const sdp =
      "v=0\na=recvonly\nm=audio 9 X 0\nm=video 0 X 0\na=sendonly\na=bundle-only\nm=audio 0 X 0\na=ice-ufrag: u \n";
    expect(sectionsOf(sdp)).toEqual([
      { line: 3, media: "audio", stopped: false, direction: "recvonly" },
      { line: 4, media: "video", stopped: false, direction: "sendonly" },
      { line: 7, media: "audio", stopped: true, direction: "recvonly" },
    ]);
    expect(attributeOf(sdp, "ice-ufrag")).toBe("u");
  });

  it("has no media by the names of what every object has", () => {
    const sdp = `v=0\r\n${["constructor", "__proto__", "toString"].map(name => `m=${name} 9 X 0\r\n`).join("")}`;
    for (const kind of ["whip", "whep"] as const) {
      const refused = expect.objectContaining({ code: "media-offer" });
      expect(() => checkOffer(kind, sdp, { subscribe: ["mix"] })).toThrow(refused);
      expect(() => checkAnswer(kind, sdp, sdp, { subscribe: ["mix"] })).not.toThrow();
    }
  });

  it("full of spaces is read at once: to look for the end of each took minutes", () => {
    expect(attributeOf(`a=ice-ufrag:x${" ".repeat(250_000)}y`, "ice-ufrag")).toHaveLength(250_002);
  });

  it("of whatever text is read or refused, in time that its length bounds", () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return seed % below;
    };
    const good = offerOf();
    for (let run = 0; run < 2_000; run++) {
      const at = random(good.length);
      const text =
        good.slice(0, at) + String.fromCharCode(random(256)).repeat(random(40)) + good.slice(at + random(60));
      for (const read of [() => checkOffer("whip", text, { publish: ["mic", "camera"] }), () => parseFragment(text)]) {
        try {
          read();
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^(media-offer|bad-request|no-grant)$/);
        }
      }
    }
  });
});

describe("an answer's fragment", () => {
  it("is credentials, the bundled m-line and its candidates, and parses as one", () => {
    const fragment = fragmentOf(answerTo(offerOf(), "publish", "node1"));
    expect(fragment.split("\r\n")).toEqual([
      "a=ice-lite",
      "a=group:BUNDLE 0 1",
      "a=ice-ufrag:node1",
      `a=ice-pwd:${"n".repeat(24)}`,
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      "a=candidate:1 1 udp 2130706431 192.0.2.1 7000 typ host",
      "a=end-of-candidates",
      "",
    ]);
    expect(parseFragment(fragment)).toEqual({ ufrag: "node1", password: "n".repeat(24) });
  });
});
