import { describe, expect, it } from "vitest";
import { allowsMesh, decideTopology, type Peer, type TopologySetting, wantsNode } from "./topology.ts";

const browser: Peer = { kind: "client", direct: true };
const viewer: Peer = { kind: "client", direct: false };
const phone: Peer = { kind: "phone", direct: true };
const browsers = (count: number): Peer[] => Array.from({ length: count }, () => browser);

describe("the topology", () => {
  it.each<[TopologySetting, string, Peer[], string, string]>([
    ["auto", "nobody", [], "mesh", "few"],
    ["auto", "two browsers", browsers(2), "mesh", "few"],
    ["auto", "six browsers", browsers(6), "mesh", "few"],
    ["auto", "seven browsers", browsers(7), "none", "no-media-node"],
    ["auto", "somebody with lesser grants", [browser, viewer], "none", "no-media-node"],
    ["auto", "a phone", [browser, phone], "none", "no-media-node"],
    ["mesh", "six browsers", browsers(6), "mesh", "forced"],
    ["mesh", "seven browsers", browsers(7), "none", "many"],
    ["mesh", "somebody with lesser grants", [browser, viewer], "none", "grants"],
    ["mesh", "a phone", [browser, phone], "none", "participant-kind"],
    ["sfu", "two browsers", browsers(2), "none", "no-media-node"],
    ["mcu", "two browsers", browsers(2), "none", "no-media-node"],
  ])("set to %s with %s", (setting, _who, peers, current, reason) => {
    expect(decideTopology(setting, peers)).toEqual({ setting, current, reason });
  });

  it.each<[TopologySetting, string]>([
    ["auto", "sfu"],
    ["sfu", "sfu"],
    ["mcu", "mcu"],
  ])("set to %s is %s once a node carries the room", (setting, current) => {
    expect(wantsNode(setting, browsers(3))).toBe(true);
    expect(decideTopology(setting, browsers(3), 1)).toMatchObject({ setting, current, epoch: 1 });
  });

  it("keeps participants from each other where the setting wants a node between them", () => {
    expect((["auto", "mesh", "sfu", "mcu"] as const).filter(allowsMesh)).toEqual(["auto", "mesh"]);
  });
});
