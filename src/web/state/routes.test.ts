import { describe, expect, it } from "vitest";
import { watchLink } from "./entry.ts";
import { routeOf } from "./routes.ts";

describe("addresses", () => {
  it.each([
    ["/", { page: "home" }],
    ["/r/stage", { page: "room", room: "stage" }],
    ["/r/EU.Stage/", { page: "room", room: "eu.stage" }],
    ["/r/stage/33", { page: "missing" }],
    ["/watch/stage", { page: "watch", room: "stage", source: undefined }],
    ["/watch/stage/33", { page: "watch", room: "stage", source: "33" }],
    ["/watch/stage/studio%20a/", { page: "watch", room: "stage", source: "studio a" }],
    ["/watch/not_a_room", { page: "missing" }],
    ["/watch/", { page: "missing" }],
    ["/elsewhere/stage", { page: "missing" }],
  ])("%s is %j", (path, route) => expect(routeOf(path)).toEqual(route));

  it("of a call is that of its player by one word, invitation and all", () => {
    expect(watchLink("https://calls.example/r/stage#g=secret")).toBe("https://calls.example/watch/stage#g=secret");
  });
});
