import { describe, expect, it } from "vitest";
import type { ParticipantView } from "../state/sdk.ts";
import { othersTiles } from "./tiles.ts";
import { wishesOf } from "./wishes.ts";

const person = (number: number, camera = true): ParticipantView => ({
  pid: `p_0000000${number}`,
  number,
  identity: `user-${number}`,
  name: `Person ${number}`,
  kind: "client",
  state: "here",
  moderator: false,
  direct: true,
  joinedAt: 0,
  sources: camera ? [{ number: number * 16 + 1, kind: "camera", muted: false }] : [],
  connection: "connected",
});
const tiles = othersTiles([person(2), person(3), person(4, false), person(5)]);
const rect = { x: 0, y: 0, width: 320, height: 180 };
const places = new Map(tiles.slice(0, 3).map(tile => [tile.key, rect]));
const base = { tiles, places, focus: undefined, spoke: new Map<string, number>(), density: 1 };

describe("wishesOf", () => {
  it("asks for what is in sight and on, in the size of its tile", () => {
    expect(wishesOf(base)).toEqual([
      { source: 33, width: 320, height: 180, priority: 100 },
      { source: 49, width: 320, height: 180, priority: 100 },
    ]);
    expect(wishesOf({ ...base, density: 2 })[0]).toMatchObject({ width: 640, height: 360 });
  });

  it("puts the stage first, then who spoke last", () => {
    const spoke = new Map([["p_00000003", 5]]);
    expect(wishesOf({ ...base, spoke }).map(wish => wish.source)).toEqual([49, 33]);
    expect(wishesOf({ ...base, spoke, focus: "p_00000002" })[0]).toMatchObject({ source: 33, priority: 200 });
  });

  it("doesn't change with every pixel of a resize", () => {
    const wishes = (height: number) =>
      wishesOf({ ...base, places: new Map([["p_00000002", { x: 0, y: 0, width: (height * 16) / 9, height }]]) });
    expect(wishes(200)).toEqual(wishes(300));
  });
});
