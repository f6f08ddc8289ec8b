import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { shareScreen } from "./screen.ts";
import { fakeTrack } from "./testing/fake-media.ts";
import { type Caller, createModelCall, type ModelCall } from "./testing/model-call.ts";

const screenTrack = (kind: "audio" | "video") => Object.assign(fakeTrack(kind), { stop: vi.fn() });

describe("sharing a screen", () => {
  let call: ModelCall;
  let ann: Caller;
  let tracks: ReturnType<typeof screenTrack>[];
  let asked: object[];
  let refusal: DOMException | undefined;

  beforeEach(async () => {
    call = createModelCall();
    ann = await call.join("ann");
    tracks = [screenTrack("video"), screenTrack("audio")];
    asked = [];
    refusal = undefined;
    vi.stubGlobal("navigator", {
      mediaDevices: {
        async getDisplayMedia(options: object) {
          asked.push(options);
          if (refusal) throw refusal;
          const of = (wanted: string) => tracks.filter(({ kind }) => kind === wanted);
          return { getTracks: () => tracks, getVideoTracks: () => of("video"), getAudioTracks: () => of("audio") };
        },
      },
    });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  const kinds = (): string[] => ann.room.store.get().you.sources.map(({ kind }) => kind);
  const share = async (options?: Parameters<typeof shareScreen>[1]) => {
    const sharing = shareScreen(ann.room, options);
    sharing.catch(() => {});
    await call.time.advance(100);
    return sharing;
  };
  const stopped = (): number[] => tracks.map(({ stop }) => stop.mock.calls.length);

  it("publishes it and its sound, and takes both back once", async () => {
    const { sources, stop } = await share({ audio: true });
    expect(asked).toMatchObject([{ audio: true, selfBrowserSurface: "exclude" }]);
    expect(sources.map(({ kind }) => kind)).toEqual(["screen", "screen-audio"]);
    expect(tracks[0]?.contentHint).toBe("detail");
    expect(kinds()).toEqual(["screen", "screen-audio"]);
    void stop();
    void stop();
    await call.time.advance(100);
    expect(kinds()).toEqual([]);
    expect(stopped()).toEqual([1, 1]);
  });

  it("ends by the browser's own button", async () => {
    await share();
    tracks[0]?.onended?.(new Event("ended"));
    await call.time.advance(100);
    expect(kinds()).toEqual([]);
  });

  it("ends with the room, and by its signal", async () => {
    const abort = new AbortController();
    await share({ signal: abort.signal });
    abort.abort();
    await call.time.advance(100);
    expect(kinds()).toEqual([]);
    expect(stopped()).toEqual([1, 1]);
    tracks = [screenTrack("video")];
    await share();
    void ann.room.leave();
    await call.time.advance(100);
    expect(stopped()).toEqual([1]);
  });

  it("says denied when the person closes the choice", async () => {
    refusal = new DOMException("", "NotAllowedError");
    await expect(share()).rejects.toMatchObject({ code: "denied" });
    await expect(shareScreen(ann.room, { signal: AbortSignal.abort("no") })).rejects.toBe("no");
  });

  it("lets go of the screen when it can't be published", async () => {
    void ann.room.leave();
    await call.time.advance(100);
    await expect(share()).rejects.toMatchObject({ code: "wrong-state" });
    expect(stopped()).toEqual([1, 1]);
  });

  it("takes it back when it ends while it is being published", async () => {
    const sharing = shareScreen(ann.room, { audio: true });
    await call.time.advance(15);
    tracks[0]?.onended?.(new Event("ended"));
    await call.time.advance(100);
    await sharing;
    expect(kinds()).toEqual([]);
  });
});
