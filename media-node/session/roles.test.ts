import { describe, expect, it } from "vitest";
import type { SessionPlan } from "../../src/protocol/index.ts";
import { fixture, negotiationOf } from "../sdp/fixtures.testing.ts";
import { modelOffer } from "../worker/testing/model-offer.ts";
import { assignRoles } from "./roles.ts";

const NO_PLAN = {};

/** An offer with mic (mid 0), camera (1), two video (2, 3), two paired (4, 5) and a floating slot (6). */
function planned(change: (plan: SessionPlan) => SessionPlan = plan => plan) {
  const { sdp, plan } = modelOffer({
    ice: { ufrag: "ufrag", password: "passwordpasswordpassword" },
    fingerprint: "sha-256 ".padEnd(8 + 95, "AB:").slice(0, 8 + 95),
    sessionId: 1,
    version: 1,
    slots: { video: 2, paired: 2, floating: 1 },
    withPlan: true,
    withChannel: true,
  });
  return assignRoles(negotiationOf(sdp), { plan: change(plan!) });
}

describe("the roles of m-lines", () => {
  it("are the plan's: a paired slot shares the stream of its picture, a floating one has its own", () => {
    expect(planned()).toEqual([
      { source: 0 },
      { source: 1 },
      { slot: { group: "video", order: 0, stream: 0 } },
      { slot: { group: "video", order: 1, stream: 1 } },
      { slot: { group: "paired", order: 0, stream: 0 } },
      { slot: { group: "paired", order: 1, stream: 1 } },
      { slot: { group: "floating", order: 0, stream: 2 } },
      undefined,
    ]);
  });

  it.each([
    ["a source on the wrong medium", { sources: { "1": 0 } }, /^line \d+: the plan wants audio here$/],
    ["a source index twice", { sources: { "0": 5, "1": 5 } }, /two m= lines for source 5/],
    ["a mid that isn't there", { video: ["9"] }, /mid 9, which no m= line has/],
    [
      "a slot twice",
      { video: ["2"], paired: [], floating: ["4", "4"] },
      /^line \d+: the plan names this m= line twice$/,
    ],
    ["a slot on the data channel", { paired: ["7"] }, /^line \d+: the plan wants audio here$/],
  ])("refuse %s", (_what, change, detail) => {
    expect(() => planned(plan => ({ ...plan, ...change }))).toThrowError(
      expect.objectContaining({ code: "media-offer", detail: expect.stringMatching(detail) }),
    );
  });

  it("without a plan are mic, camera and slots, whatever page or encoder offers", () => {
    const roles = (name: string) => assignRoles(negotiationOf(fixture(name)), NO_PLAN);
    expect(roles("chromium-whip").filter(role => role !== undefined)).toEqual([{ source: 0 }, { source: 1 }]);
    expect(roles("obs").filter(role => role !== undefined)).toEqual([{ source: 0 }, { source: 1 }]);
    const whep = roles("chromium-whep").filter(role => role !== undefined);
    expect(whep).toEqual([
      { slot: { group: "floating", order: 0, stream: 0 } },
      { slot: { group: "video", order: 0, stream: 0 } },
    ]);
    const bare = roles("chromium-bare").filter(role => role?.slot !== undefined && role.source !== undefined);
    expect(bare).toHaveLength(2);
  });

  it("are an encoder's or a player's only, even where the lines offer both ways", () => {
    const bare = negotiationOf(fixture("chromium-bare"));
    const encoder = assignRoles(bare, { role: "publish" }).filter(role => role !== undefined);
    expect(encoder.every(({ slot }) => slot === undefined)).toBe(true);
    expect(encoder.flatMap(({ source }) => source ?? []).sort()).toEqual([0, 1]);
    const player = assignRoles(bare, { role: "play" }).filter(role => role !== undefined);
    expect(player.every(({ source }) => source === undefined)).toBe(true);
    expect(player.filter(({ slot }) => slot !== undefined)).toHaveLength(2);
  });

  it("without a plan name no second microphone or camera", () => {
    for (const name of ["chromium-sdk", "firefox-sdk", "aiortc", "werift"]) {
      const sources = assignRoles(negotiationOf(fixture(name)), NO_PLAN).flatMap(role => role?.source ?? []);
      expect(new Set(sources).size).toBe(sources.length);
      expect(Math.max(...sources)).toBeLessThanOrEqual(1);
    }
  });
});
