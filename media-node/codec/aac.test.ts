import { describe, expect, it } from "vitest";
import { loadAac, readAacConfig } from "./aac.ts";

const read = (...bytes: number[]) => readAacConfig(Uint8Array.from(bytes));

describe("AAC", () => {
  it("tells what a stream is", () => {
    expect(read(0x11, 0x90)).toEqual({ codec: "mp4a.40.2", sampleRate: 48_000, numberOfChannels: 2 });
    expect(read(0x12, 0x08)).toEqual({ codec: "mp4a.40.2", sampleRate: 44_100, numberOfChannels: 1 });
    expect(read(0x2b, 0x91, 0x88, 0x00)).toEqual({ codec: "mp4a.40.5", sampleRate: 22_050, numberOfChannels: 2 });
  });

  it.each([
    ["nothing", []],
    ["one byte", [0x11]],
    ["another object type", [0x09, 0x90]],
    ["a rate of its own", [0x17, 0x90]],
    ["six channels", [0x11, 0xb0]],
    ["no channel", [0x11, 0x80]],
  ])("reads no more than it can decode: not %s", (_name, bytes) => {
    expect(read(...bytes)).toBeUndefined();
  });

  it("is decoded by what is installed, if anything is", async () => {
    const provider = await loadAac();
    const told: string[] = [];
    const options = { onPcm() {}, onError: (why: string) => told.push(why) };
    const decoder = provider?.open({ ...options, config: Uint8Array.of(0x12, 0x08) });
    decoder?.decode(Uint8Array.of(1, 2, 3));
    decoder?.close();
    decoder?.close();
    expect(decoder === undefined).toBe(provider === undefined);
    expect(provider?.open({ ...options, config: Uint8Array.of(0) })).toBeUndefined();
  });
});
