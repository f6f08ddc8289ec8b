import { describe, expect, it } from "vitest";
import { causeOf } from "./causes.ts";
import { keyInInfo } from "./dtmf-info.ts";

const end = { by: "remote", status: 0, reason: "", causes: [], contacts: [] } as const;

describe("why a call is over", () => {
  it("is told in a word, SIP's status and the telephone network's cause", () => {
    expect(causeOf(end)).toEqual({ reason: "hangup" });
    expect(causeOf({ ...end, by: "failure" })).toEqual({ reason: "failed" });
    expect(causeOf({ ...end, status: 486, causes: ['Q.850;cause=17;text="User busy"'] })).toEqual({
      ...{ reason: "busy", sip: 486, q850: 17 },
    });
    expect(causeOf({ ...end, status: 404, causes: ["SIP;cause=404", 'q.850 ;text="x"; cause=1'] })).toEqual({
      ...{ reason: "not-found", sip: 404, q850: 1 },
    });
    expect(causeOf({ ...end, status: 599, causes: ["Q.850;cause=999"] })).toEqual({ reason: "failed", sip: 599 });
  });
});

describe("a key in an INFO", () => {
  it.each([
    ["application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", "5"],
    ["application/dtmf-relay", "Signal= #\r\n", "#"],
    ["Application/DTMF-Relay; charset=utf-8", "duration=100\nsignal=a", "A"],
    ["application/dtmf-relay", "Signal=11", "#"],
    ["application/dtmf", "7", "7"],
    ["application/dtmf", " * \r\n", "*"],
    ["application/dtmf", "16", undefined],
    ["application/dtmf-relay", "Duration=100", undefined],
    ["application/dtmf-relay", "", undefined],
    ["application/sdp", "5", undefined],
  ])("is read from %s %j", (type, body, key) => {
    expect(keyInInfo(type, Buffer.from(body))).toBe(key);
  });
});
