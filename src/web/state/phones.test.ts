import { describe, expect, it } from "vitest";
import { callStateText, failureText, isNumber, toNumber } from "./phones.ts";

describe("a telephone's number", () => {
  it.each([
    ["+49 (30) 5550-0117", "+493055500117"],
    ["030/555.00", "03055500"],
    ["  *31# ", "*31#"],
    ["reception", "reception"],
  ])("written %s is dialled %s", (written, number) => {
    expect(toNumber(written)).toBe(number);
    expect(isNumber(number)).toBe(true);
  });

  it.each(["", "+", "a@b", "1;2"])("is not %j", number => expect(isNumber(number)).toBe(false));
});

describe("a telephone's call", () => {
  it("says what it waits for, and nothing of people", () => {
    const attributes = { "sip.callStatus": "ringing" };
    expect(callStateText({ kind: "phone", attributes })).toBe("Ringing…");
    expect(callStateText({ kind: "phone", attributes: { "sip.callStatus": "active" } })).toBeUndefined();
    expect(callStateText({ kind: "client", attributes })).toBeUndefined();
  });

  it("that failed says why, unless one hung up oneself", () => {
    expect(failureText("Kim", "busy")).toContain("Kim is busy");
    expect(failureText("Kim", "from-the-future")).toContain("failed");
    expect(failureText("Kim", "hangup")).toBeUndefined();
  });
});
