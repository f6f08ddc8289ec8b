import { describe, expect, it } from "vitest";
import type { Participant } from "../protocol/model.ts";
import { MIX_SOURCE } from "../protocol/names.ts";
import type { RoomModel } from "./core/index.ts";
import type { IncomingMedia, MediaConnection } from "./media-path.ts";
import { fakeStream, fakeTrack } from "./testing/fake-media.ts";
import { createViews } from "./views.ts";

const participant = (number: number): Participant => ({
  pid: `p${number}`,
  number,
  identity: `i${number}`,
  name: `n${number}`,
  kind: "client",
  state: "here",
  moderator: false,
  direct: true,
  joinedAt: 0,
  sources: [
    { number: number * 16, kind: "mic", muted: false },
    { number: number * 16 + 1, kind: "camera", muted: false },
  ],
});
const model: RoomModel = {
  status: "connected",
  id: "room",
  life: "life",
  you: { ...participant(1), grants: { chat: true } },
  participants: [participant(2), participant(3)],
  chat: [],
  topology: { setting: "auto", current: "mesh", reason: "few" },
  maxParticipants: 9,
  iceServers: [],
};

describe("snapshots", () => {
  const media = new Map<number, IncomingMedia>();
  const states = new Map<string, MediaConnection>();
  const overlay = {
    media: (number: number) => media.get(number),
    speakers: [] as readonly number[],
    withheld: () => undefined,
    connectionTo: (pid: string) => states.get(pid) ?? ("none" as const),
  };

  it("are the same object while nothing changes, and share all that has not", () => {
    const view = createViews();
    const first = view(model, overlay);
    expect(view(model, overlay)).toBe(first);
    expect(first.you.grants).toEqual({ chat: true });
    expect(first).not.toHaveProperty("iceServers");

    const track = fakeTrack("audio");
    media.set(32, { track, stream: fakeStream([track]) });
    const second = view(model, overlay);
    expect(second.participants[0]?.sources[0]).toMatchObject({ number: 32, track });
    expect(second.participants[0]?.sources[1]).toBe(first.participants[0]?.sources[1]);
    expect(second.participants[1]).toBe(first.participants[1]);
    expect(second.you).toBe(first.you);
    expect(view(model, overlay)).toBe(second);

    states.set("p3", "connected");
    const third = view(model, overlay);
    expect(third.participants[0]).toBe(second.participants[0]);
    expect(third.participants[1]).toMatchObject({ connection: "connected" });
    expect(third.participants[1]?.sources[0]).toBe(first.participants[1]?.sources[0]);

    const chat = [{ id: 1, pid: "p2", identity: "i2", name: "n2", text: "x", at: 0 }];
    const fourth = view({ ...model, chat }, overlay);
    expect(fourth.participants).toBe(third.participants);
    expect(fourth.chat).toBe(chat);

    media.clear();
    expect(view(model, overlay).participants[0]?.sources[0]).not.toHaveProperty("track");
  });

  it("have the mix while there is one", () => {
    const view = createViews();
    const before = view(model, overlay);
    expect(before.mix).toBeUndefined();
    const track = fakeTrack("audio");
    const mix = { track, stream: fakeStream([track]) };
    media.set(MIX_SOURCE, mix);
    const mixed = view(model, overlay);
    expect(mixed.mix).toEqual({ ...mix, speakers: [] });
    expect(mixed.participants).toBe(before.participants);
    expect(view(model, overlay)).toBe(mixed);
    expect(view(model, { ...overlay, speakers: [2] }).mix?.speakers).toEqual([2]);
    media.delete(MIX_SOURCE);
    expect(view(model, overlay).mix).toBeUndefined();
  });

  it("carry why it ended and the room's metadata where there are any", () => {
    const view = createViews();
    expect(view(model, overlay)).not.toHaveProperty("error");
    const error = { code: "removed", message: "…", retryable: false };
    expect(view({ ...model, status: "closed", error, metadata: "m" }, overlay)).toMatchObject({ error, metadata: "m" });
  });
});
