import { describe, expect, it } from "vitest";
import { CODEC_ID } from "./codec.ts";
import { CODEC_COUNT, CODECS, codecOf } from "./codecs.ts";

describe("codecs", () => {
  it("are found by SDP's names in any case, and nothing else is", () => {
    expect(codecOf("VP8")).toBe(CODECS.vp8);
    expect(codecOf("H264")).toBe(CODECS.h264);
    expect(codecOf("opus")).toBe(CODECS.opus);
    expect(codecOf("VP9")).toBeUndefined();
    expect(codecOf("toString")).toBeUndefined();
  });

  it("have the ids of their names, which fit tables", () => {
    for (const codec of Object.values(CODECS)) {
      expect(codec.id).toBe(CODEC_ID[codec.name]);
      expect(codec.id).toBeLessThan(CODEC_COUNT);
    }
  });
});
