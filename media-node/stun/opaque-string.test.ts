import { describe, expect, it } from "vitest";
import {
  longTermKey,
  nonceCookie,
  passwordAlgorithms,
  STUN_SECURITY_FEATURE,
  shortTermKey,
  userhash,
} from "./credentials.ts";
import { opaqueString } from "./opaque-string.ts";

describe("OpaqueString", () => {
  it.each([
    ["correct horse battery staple", "correct horse battery staple"],
    ["Correct Horse", "Correct Horse"],
    ["\u03c0\u00df\u00e5", "\u03c0\u00df\u00e5"],
    ["Jack of \u2666s", "Jack of \u2666s"],
    ["foo\u1680bar\u00a0baz", "foo bar baz"],
    ["e\u0301", "\u00e9"],
    ["\u212b", "\u00c5"],
    ["l\u00b7l", "l\u00b7l"],
    ["\u30c6\u30fb\u30b9", "\u30c6\u30fb\u30b9"],
    ["\u05d0\u05f3", "\u05d0\u05f3"],
    ["\u0661\u0662", "\u0661\u0662"],
  ])("prepares %j", (text, expected) => {
    expect(opaqueString(text)).toBe(expected);
  });

  it.each([
    "",
    "my cat is a \u0009by",
    "a\u0000b",
    "The\u00adMatrix",
    "a\u200db",
    "\u1100",
    "a\u0640",
    "\ud800",
    "\ufdd0",
    "a\u00b7b",
    "\u0375a",
    "a\u05f3",
    "a\u30fbb",
    "\u0661\u06f2",
  ])("refuses %j", text => {
    expect(opaqueString(text)).toBeUndefined();
  });

  it("makes no key of what it refuses", () => {
    expect(shortTermKey("a\u0000")).toBeUndefined();
    expect(longTermKey(2, "a", "", "c")).toBeUndefined();
    expect(userhash("", "b")).toBeUndefined();
  });
});

describe("what a server tells of its features", () => {
  it("counts the nonce cookie's bits from the left", () => {
    expect(nonceCookie(0)).toBe("obMatJos2AAAA");
    expect(nonceCookie(STUN_SECURITY_FEATURE.passwordAlgorithms | STUN_SECURITY_FEATURE.usernameAnonymity)).toBe(
      "obMatJos2wAAA",
    );
  });

  it("lists password algorithms without parameters", () => {
    expect([...passwordAlgorithms([2, 1])]).toEqual([0, 2, 0, 0, 0, 1, 0, 0]);
  });
});
