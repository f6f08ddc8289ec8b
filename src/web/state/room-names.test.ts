import fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { RoomName } from "../../protocol/names.ts";
import { friendlyRoomName, toRoomName } from "./room-names.ts";
import { routeOf } from "./routes.ts";

describe("room names", () => {
  it("are made of whatever is typed", () => {
    expect(toRoomName("Team  Meeting!")).toBe("team-meeting-");
    expect(toRoomName("Café — Zürich")).toBe("cafe-zurich");
    expect(toRoomName("会議")).toBe("");
  });

  it("are valid or empty, whatever is typed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 100 }), typed => {
        const name = toRoomName(typed);
        expect(name === "" || v.is(RoomName, name)).toBe(true);
      }),
    );
  });

  it("at random are valid from one end of chance to the other", () => {
    for (const chance of [0, 0.5, 0.999999])
      expect(
        v.is(
          RoomName,
          friendlyRoomName(() => chance),
        ),
      ).toBe(true);
  });
});

describe("routeOf", () => {
  it("knows the pages", () => {
    expect(routeOf("/")).toEqual({ page: "home" });
    expect(routeOf("/r/quiet-otter")).toEqual({ page: "room", room: "quiet-otter" });
    expect(routeOf("/r/EU.Quiet-Otter/")).toEqual({ page: "room", room: "eu.quiet-otter" });
  });

  it("calls everything else missing", () => {
    for (const path of ["/r/", "/r/a/b", "/r/%", "/r/has%20space", "/nothing"])
      expect(routeOf(path)).toEqual({ page: "missing" });
  });
});
