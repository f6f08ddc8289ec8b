import { describe, expect, it } from "vitest";
import { createAnswer } from "./answer.ts";
import { fixture, negotiationOf, planFor } from "./fixtures.testing.ts";
import { compareOffers } from "./reoffer.ts";

const base = fixture("chromium-bare");
/** What Chromium appends when a client asks for another slot. */
const slot = (mid: string) =>
  base.slice(base.indexOf("m=video")).replace("a=mid:1", `a=mid:${mid}`).replace("sendrecv", "recvonly");
const grown = base.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + slot("2");

function compare(before: string, after: string) {
  const result = compareOffers(negotiationOf(before), negotiationOf(after));
  return result.ok ? result.value : `${result.error.line}: ${result.error.reason}`;
}

describe("a further offer of a session", () => {
  it("may be the same, or grow", () => {
    expect(compare(base, base)).toEqual({ iceRestart: false, added: [] });
    expect(compare(base, grown)).toEqual({ iceRestart: false, added: [2] });
  });

  it("is answered in its order, with a raised version", () => {
    const negotiation = negotiationOf(grown);
    const answer = createAnswer(negotiation, { ...planFor(negotiation), version: 2 });
    expect(answer).toContain("o=- 4711 2 IN");
    expect(answer.match(/^a=mid:.*$/gm)).toEqual(["a=mid:0", "a=mid:1", "a=mid:2"]);
  });

  it("with new credentials is an ICE restart", () => {
    expect(compare(base, base.replaceAll(/a=ice-ufrag:.*/g, "a=ice-ufrag:new1"))).toMatchObject({ iceRestart: true });
  });

  it("may put another m-line where one was stopped or rejected, nowhere else", () => {
    const stopped = base.replace("m=video 9", "m=video 0");
    const recycled = base.replace("a=mid:1", "a=mid:5").replace("BUNDLE 0 1", "BUNDLE 0 5");
    expect(compare(stopped, recycled)).toEqual({ iceRestart: false, added: [1] });
    expect(compare(base.replace("m=video 9", "m=text 9"), recycled)).toEqual({ iceRestart: false, added: [1] });
    expect(compare(base, recycled)).toMatch(/^\d+: this m= line was video with mid 1$/);
  });

  it("may not take m-lines away, nor change the certificate", () => {
    expect(compare(grown, base)).toBe("0: 2 m= lines, there were 3: they can't go away");
    expect(compare(base, base.replaceAll(/(a=fingerprint:sha-256 )../g, "$100"))).toBe(
      "0: another certificate than before: that needs a new session",
    );
  });
});
