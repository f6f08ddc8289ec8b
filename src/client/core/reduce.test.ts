import { describe, expect, it } from "vitest";
import type { RoomEvent } from "../../protocol/events.ts";
import type { ChatMessage, Participant } from "../../protocol/model.ts";
import type { RoomModel } from "./model.ts";
import { joinChat, reduce } from "./reduce.ts";

const participant = (number: number, more: Partial<Participant> = {}): Participant => ({
  pid: `p_0000000${number}`,
  number,
  identity: `id-${number}`,
  name: `N${number}`,
  kind: "client",
  state: "here",
  moderator: false,
  direct: true,
  joinedAt: 0,
  sources: [{ number: number * 16, kind: "mic", muted: false }],
  ...more,
});

const model: RoomModel = {
  status: "connected",
  id: "room",
  life: "life-0001",
  you: { ...participant(2), grants: { chat: true } },
  participants: [participant(1), participant(4)],
  chat: [],
  topology: { setting: "auto", current: "mesh", reason: "few" },
  maxParticipants: 100,
  iceServers: [],
};

const apply = (event: Record<string, unknown> & { type: string }, from = model): RoomModel =>
  reduce(from, { seq: 1, at: 0, ...event } as unknown as RoomEvent);
const message = (id: number): ChatMessage => ({
  id,
  pid: "p_00000001",
  identity: "id-1",
  name: "N1",
  text: `${id}`,
  at: 0,
});

describe("reduce", () => {
  it("puts who joins in order of number, once", () => {
    const joined = apply({ type: "participant.joined", participant: participant(3) });
    expect(joined.participants.map(({ number }) => number)).toEqual([1, 3, 4]);
    const again = apply({ type: "participant.joined", participant: participant(3, { name: "New" }) }, joined);
    expect(again.participants.map(({ name }) => name)).toEqual(["N1", "New", "N4"]);
    expect(joined.participants[0]).toBe(model.participants[0]);
  });

  it("keeps oneself apart", () => {
    const joined = apply({ type: "participant.joined", participant: participant(2, { name: "Me" }) });
    expect(joined.participants).toBe(model.participants);
    expect(joined.you).toMatchObject({ name: "Me", grants: { chat: true } });
    expect(apply({ type: "participant.updated", pid: "p_00000002", name: "I" }).you.name).toBe("I");
  });

  it("applies profile deltas: fields left out stay, null takes an attribute away", () => {
    const from = apply({ type: "participant.updated", pid: "p_00000001", attributes: { hand: "up", seat: "3" } });
    const to = apply(
      { type: "participant.updated", pid: "p_00000001", attributes: { hand: null }, metadata: "m" },
      from,
    );
    expect(to.participants[0]).toMatchObject({ name: "N1", metadata: "m", attributes: { seat: "3" } });
    expect(to.participants[0]?.attributes).not.toHaveProperty("hand");
    expect(to.participants[1]).toBe(model.participants[1]);
    expect(apply({ type: "participant.updated", pid: "p_00000001", state: "away" }).participants[0]?.state).toBe(
      "away",
    );
  });

  it("takes away who leaves", () => {
    const left = apply({ type: "participant.left", pid: "p_00000001", reason: "left" });
    expect(left.participants.map(({ number }) => number)).toEqual([4]);
    expect(apply({ type: "participant.left", pid: "p_00000001", reason: "left" }, left)).toBe(left);
  });

  it("finds sources by their number, wherever they are", () => {
    const camera = { number: 65, kind: "camera", muted: false };
    const published = apply({ type: "source.published", pid: "p_00000004", source: camera });
    expect(published.participants[1]?.sources.map(({ number }) => number)).toEqual([64, 65]);
    const muted = apply({ type: "source.updated", number: 65, muted: true, by: "p_00000001" }, published);
    expect(muted.participants[1]?.sources[1]).toEqual({ ...camera, muted: true });
    expect(apply({ type: "source.updated", number: 65, muted: true }, muted)).toBe(muted);
    const gone = apply({ type: "source.unpublished", number: 65 }, muted);
    expect(gone.participants[1]?.sources.map(({ number }) => number)).toEqual([64]);
    expect(apply({ type: "source.unpublished", number: 65 }, gone)).toBe(gone);
    expect(apply({ type: "source.updated", number: 32, muted: true }).you.sources[0]?.muted).toBe(true);
  });

  it("ignores what concerns nobody it knows", () => {
    expect(apply({ type: "participant.updated", pid: "p_99999999", name: "?" })).toBe(model);
    expect(
      apply({ type: "source.published", pid: "p_99999999", source: { number: 999, kind: "mic", muted: false } }),
    ).toBe(model);
    expect(apply({ type: "source.unpublished", number: 999 })).toBe(model);
    expect(apply({ type: "room.closed" })).toBe(model);
  });

  it("adds each chat message once and keeps 2,000", () => {
    let now = model;
    for (let id = 1; id <= 2_001; id++) now = apply({ type: "chat.message", message: message(id) }, now);
    expect(now.chat).toHaveLength(2_000);
    expect(now.chat[0]?.id).toBe(2);
    expect(apply({ type: "chat.message", message: message(2_001) }, now)).toBe(now);
  });

  it("follows the room's own metadata and topology", () => {
    expect(apply({ type: "room.updated", metadata: "m" }).metadata).toBe("m");
    expect(apply({ type: "room.updated" })).toBe(model);
    const topology = { setting: "auto", current: "sfu", reason: "many" };
    expect(apply({ type: "topology.changed", topology }).topology).toEqual(topology);
  });
});

describe("chat over a snapshot", () => {
  it("joins on to what was there, or starts anew after a gap", () => {
    const before = [1, 2, 3].map(message);
    expect(joinChat(before, [2, 3, 4].map(message)).map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(joinChat(before, [5, 6].map(message)).map(({ id }) => id)).toEqual([5, 6]);
    expect(joinChat([], [5].map(message)).map(({ id }) => id)).toEqual([5]);
    expect(joinChat(before, [])).toEqual([]);
  });
});
