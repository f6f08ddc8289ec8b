import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { LINK_FRAMES, NODE_COMMANDS, NODE_FRAMES, TurnUrl } from "./link.ts";

const hello = {
  type: "hello",
  features: [],
  software: "test",
  region: "weur",
  capacity: 1,
  addresses: [],
  load: 0,
  rooms: 0,
  sessions: 0,
  draining: false,
};

describe("the link's TURN fields", () => {
  it.each([
    "stun:192.0.2.1:3478",
    "turn:192.0.2.1:3478?transport=udp",
    "turn:turn.example.com?transport=tcp",
    "turns:turn.example.com:5349?transport=tcp",
    "turn:[2001:db8::1]:3478",
  ])("take %s", url => {
    expect(v.is(TurnUrl, url)).toBe(true);
  });

  it.each([
    "http://192.0.2.1",
    "turn:",
    "turn:host:port",
    "turn:host?transport=dtls",
    "turn:user@host",
    'turn:host>; rel="x"',
    "turn:host, turn:other",
    "turn:host\r\nset-cookie: x",
    `turn:${"x".repeat(256)}`,
  ])("refuse %s, which could end up in a header or a browser", url => {
    expect(v.is(TurnUrl, url)).toBe(false);
  });

  it("may be missing, as with nodes and edges of before", () => {
    expect(v.is(NODE_FRAMES.hello, hello)).toBe(true);
    expect(v.is(NODE_FRAMES.done, { type: "done", id: 1 })).toBe(true);
    expect(v.is(LINK_FRAMES.welcome, { type: "welcome", node: "n", features: [] })).toBe(true);
  });

  it("are bounded", () => {
    const urls = ["turn:192.0.2.1:3478"];
    const with_ = (turn: unknown) => v.is(NODE_FRAMES.hello, { ...hello, turn });
    expect(with_([{ urls }])).toBe(true);
    expect(with_([{ urls: [] }])).toBe(false);
    expect(with_([{ urls: Array(17).fill(urls[0]) }])).toBe(false);
    expect(with_(Array(9).fill({ urls }))).toBe(false);
    const secrets = Array(9).fill("s");
    expect(v.is(LINK_FRAMES.welcome, { type: "welcome", node: "n", features: [], turn: { secrets } })).toBe(false);
    const revoke = { type: "turn.revoke", id: 1, identity: "abc", until: 1_900_000_000 };
    expect(v.is(NODE_COMMANDS["turn.revoke"], revoke)).toBe(true);
    expect(v.is(NODE_COMMANDS["turn.revoke"], { ...revoke, identity: "" })).toBe(false);
    expect(v.is(NODE_COMMANDS["turn.revoke"], { ...revoke, until: -1 })).toBe(false);
  });
});
