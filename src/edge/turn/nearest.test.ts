import { describe, expect, it } from "vitest";
import { nearest, orderUrls, placeOfRegion, type RelayNode } from "./nearest.ts";

const node = (name: string, region: string, load = 0.1): RelayNode => ({ node: name, region, load, urls: [] });
const names = (nodes: readonly RelayNode[]): string[] => nodes.map(each => each.node);

const FLEET = [node("sydney", "oc"), node("paris", "weur", 0.5), node("warsaw", "eeur"), node("berlin", "weur", 0.2)];
const LONDON = { latitude: 51.5, longitude: -0.1 };

describe("the nodes that relay for somebody", () => {
  it("are the nearest, and of several in one region the least loaded", () => {
    expect(names(nearest(FLEET, LONDON, [], 3))).toEqual(["berlin", "paris", "warsaw"]);
    expect(names(nearest(FLEET, { latitude: -37, longitude: 145 }, [], 1))).toEqual(["sydney"]);
  });

  it("are the least loaded where nothing is known of places", () => {
    expect(names(nearest(FLEET, undefined, [], 2))).toEqual(["sydney", "warsaw"]);
    expect(names(nearest([node("a", "basement", 0.3), node("b", "attic")], LONDON, [], 2))).toEqual(["b", "a"]);
  });

  it("stay those that they were, unless they are full", () => {
    expect(names(nearest(FLEET, LONDON, ["sydney"], 2))).toEqual(["sydney", "berlin"]);
    const full = [node("sydney", "oc", 0.95), ...FLEET.slice(1)];
    expect(names(nearest(full, LONDON, ["sydney"], 2))).toEqual(["berlin", "paris"]);
    expect(names(nearest(full.slice(0, 1), LONDON, [], 2))).toEqual(["sydney"]);
  });

  it("may be on either side of the date line, which is no edge of the world", () => {
    expect(names(nearest(FLEET, { latitude: -41, longitude: -179 }, [], 1))).toEqual(["sydney"]);
    expect(placeOfRegion("constructor")).toBeUndefined();
  });
});

describe("URLs", () => {
  it("come udp, tcp, tls, each once and not too many", () => {
    const urls = ["turns:a:5349", "turn:a?transport=tcp", "turn:a", "stun:a", "turn:b?transport=udp", "turn:a"];
    expect(orderUrls(urls, 4)).toEqual(["stun:a", "turn:a", "turn:b?transport=udp", "turn:a?transport=tcp"]);
    expect(orderUrls(urls, 9).at(-1)).toBe("turns:a:5349");
  });
});
