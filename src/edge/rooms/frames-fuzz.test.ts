import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLIENT_FRAMES } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import { checkFrame, checkHello, openFrame } from "./frames.ts";

/** Read as far as it goes; whatever is wrong must come out as one of our errors. */
function read(data: string | ArrayBuffer): "fine" | "refused" {
  try {
    const raw = openFrame(data);
    if (raw.type === "hello") checkHello(raw);
    else checkFrame(raw);
    return "fine";
  } catch (error) {
    expect(error).toBeInstanceOf(TandemError);
    return "refused";
  }
}

const PID = "p_0123456789abcdef";
const VALID: readonly object[] = [
  { type: "hello", features: ["x"], resume: { life: "0123456789", seq: 7 } },
  { type: "chat.send", id: 1, text: "hello" },
  { type: "profile.update", id: 2, name: "Ada", metadata: "m", attributes: { hand: "up", mood: null } },
  { type: "source.publish", id: 3, kind: "camera", name: "Cam", muted: true },
  { type: "moderate.remove", id: 4, pid: PID, reason: "why" },
  {
    type: "peer.description",
    to: PID,
    negotiation: "n",
    description: { type: "offer", sdp: "v=0" },
    sources: { 0: 16 },
  },
  {
    type: "peer.candidates",
    to: PID,
    negotiation: "n",
    candidates: [{ candidate: "c", sdpMid: "0", sdpMLineIndex: 0 }],
  },
  { type: "app.message", id: 5, to: [PID], topic: "t", data: { any: ["thing", 1, null] } },
];

/** Some value within a JSON value replaced by another. */
const spoilt = (value: unknown): fc.Arbitrary<unknown> => {
  if (typeof value !== "object" || value === null) return fc.jsonValue({ maxDepth: 2 });
  const keys = Object.keys(value);
  if (keys.length === 0) return fc.jsonValue({ maxDepth: 2 });
  return fc.constantFrom(...keys).chain(key => {
    const fields = value as Record<string, unknown>;
    const within = spoilt(fields[key]).map(changed => ({ ...fields, [key]: changed }));
    const without = fc.constant(Object.fromEntries(Object.entries(fields).filter(([name]) => name !== key)));
    return fc.oneof(within, without);
  });
};

describe("the reader of frames", () => {
  it("takes what is valid", () => {
    for (const frame of VALID) expect(read(JSON.stringify(frame))).toBe("fine");
  });

  it("takes or refuses anything, and never fails", () => {
    const types = fc.constantFrom(...Object.keys(CLIENT_FRAMES), "hello", "__proto__", "toString", "");
    const anything = fc.oneof(
      fc.string({ unit: "binary", maxLength: 300 }),
      fc.json({ maxDepth: 4 }),
      fc.uint8Array({ maxLength: 50 }).map(bytes => bytes.slice().buffer as ArrayBuffer),
      fc
        .record({ type: types, id: fc.jsonValue({ maxDepth: 1 }), to: fc.jsonValue({ maxDepth: 1 }) })
        .map(frame => JSON.stringify(frame)),
      fc
        .constantFrom(...VALID)
        .chain(spoilt)
        .map(frame => JSON.stringify(frame)),
    );
    fc.assert(
      fc.property(anything, data => {
        read(data);
      }),
      { numRuns: 5_000 },
    );
  });
});
