import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFrame } from "./parse.ts";
import { FUZZ_TIMEOUT, fuzzRuns } from "./testing/fuzz-runs.ts";

const left = { type: "participant.left", seq: 3, at: 5, pid: "p_12345678", reason: "left" };

describe("frames from the edge", () => {
  it("are sorted by what they are", () => {
    expect(parseFrame(JSON.stringify({ type: "ok", id: 1 }))).toEqual({
      kind: "control",
      frame: { type: "ok", id: 1 },
    });
    expect(parseFrame(JSON.stringify(left))).toEqual({ kind: "event", frame: left });
    const ack = { type: "peer.ack", negotiation: "1.1", from: "p_12345678" };
    expect(parseFrame(JSON.stringify(ack))).toEqual({ kind: "signal", frame: ack });
  });

  it("may hold fields, enum values and types that a newer edge added", () => {
    expect(parseFrame(JSON.stringify({ ...left, more: 1 }))).toEqual({ kind: "event", frame: left });
    expect(parseFrame(JSON.stringify({ ...left, reason: "teleported" }))).toMatchObject({
      frame: { reason: "teleported" },
    });
    expect(parseFrame(JSON.stringify({ type: "aurora", seq: 1 }))).toEqual({ kind: "unknown" });
    expect(parseFrame(JSON.stringify({ type: "toString" }))).toEqual({ kind: "unknown" });
  });

  it("are refused with the field that is wrong", () => {
    expect(parseFrame(JSON.stringify({ ...left, pid: 7 }))).toMatchObject({ kind: "invalid", of: "event" });
    expect(parseFrame(JSON.stringify({ type: "welcome" }))).toMatchObject({ kind: "invalid", of: "control" });
    for (const text of ["", "{", "7", "null", "[]", "{}", '{"type":7}', "[".repeat(100_000)]) {
      expect(parseFrame(text)).toMatchObject({ kind: "invalid", of: undefined });
    }
  });

  it(
    "never make the parser throw",
    () => {
      const types = fc.constantFrom("welcome", "snapshot", "replay", "error", "chat.message", "peer.description", "x");
      const frame = fc.oneof(
        fc.string(),
        fc.json(),
        fc
          .tuple(types, fc.dictionary(fc.string(), fc.jsonValue()))
          .map(([type, body]) => JSON.stringify({ ...body, type })),
      );
      fc.assert(
        fc.property(frame, text => {
          expect(["control", "event", "signal", "unknown", "invalid"]).toContain(parseFrame(text).kind);
        }),
        { numRuns: fuzzRuns(2_000) },
      );
    },
    FUZZ_TIMEOUT,
  );
});
