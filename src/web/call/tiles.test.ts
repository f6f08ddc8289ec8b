import { describe, expect, it } from "vitest";
import type { ParticipantView, SourceView } from "../state/sdk.ts";
import { describeTile, focusOf, othersTiles, personTile } from "./tiles.ts";

const person = (number: number, sources: SourceView[] = [], more: Partial<ParticipantView> = {}): ParticipantView => ({
  pid: `p_0000000${number}`,
  number,
  identity: `user-${number}`,
  name: `Person ${number}`,
  kind: "client",
  state: "here",
  moderator: false,
  direct: true,
  joinedAt: 0,
  sources,
  connection: "connected",
  ...more,
});
const camera = (number: number, muted = false): SourceView => ({ number: number * 16 + 1, kind: "camera", muted });
const screen = (number: number): SourceView => ({ number: number * 16 + 2, kind: "screen", muted: false });
const own = personTile(person(1), true);

describe("tiles", () => {
  it("are one a person and one a screen", () => {
    const keys = othersTiles([person(2, [camera(2), screen(2)]), person(3)]).map(tile => tile.key);
    expect(keys).toEqual(["p_00000002", "p_00000003", "s34"]);
  });

  it("have no picture while the camera is muted", () => {
    expect(personTile(person(2, [camera(2, true)]), false).source).toBeUndefined();
    expect(personTile(person(2, [camera(2)]), false).source?.number).toBe(33);
  });
});

describe("focusOf", () => {
  const tiles = othersTiles([person(2), person(3, [screen(3)]), person(4, [screen(4)])]);
  const base = { tiles, own, pinned: undefined, layout: "grid", lastSpeaker: undefined } as const;

  it("prefers what was pinned by hand, while it is there", () => {
    expect(focusOf({ ...base, pinned: "p_00000002" })).toBe("p_00000002");
    expect(focusOf({ ...base, pinned: own.key })).toBe(own.key);
    expect(focusOf({ ...base, pinned: "p_gone0000" })).toBe("s66");
  });

  it("takes the newest screen, else nobody in the grid and the last speaker in speaker layout", () => {
    const people = othersTiles([person(2), person(3)]);
    expect(focusOf(base)).toBe("s66");
    expect(focusOf({ ...base, tiles: people })).toBeUndefined();
    expect(focusOf({ ...base, tiles: people, layout: "speaker", lastSpeaker: "p_00000003" })).toBe("p_00000003");
    expect(focusOf({ ...base, tiles: people, layout: "speaker", lastSpeaker: "p_gone0000" })).toBe("p_00000002");
  });
});

describe("describeTile", () => {
  it("says of a telephone what its call waits for", () => {
    const attributes = { "sip.callStatus": "ringing" };
    const phone = personTile(person(2, [], { kind: "phone", attributes }), false);
    const text = describeTile(phone, { hand: false, speaking: false, poor: undefined, status: "connected" });
    expect(text).toContain("ringing…");
  });

  it("says what the marks show", () => {
    const away = personTile(person(2, [], { state: "away" }), false);
    expect(describeTile(away, { hand: true, speaking: false, poor: undefined, status: "connected" })).toBe(
      "Person 2, microphone off, camera off, hand up, reconnecting…",
    );
    expect(describeTile(own, { hand: false, speaking: false, poor: undefined, status: "reconnecting" })).toContain(
      "reconnecting",
    );
  });
});
