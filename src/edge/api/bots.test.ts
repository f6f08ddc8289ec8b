import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { BotDoor } from "../../protocol/bots.ts";
import { type Grants, MEMBER_GRANTS } from "../../protocol/grants.ts";
import { ask, askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import { joinToken } from "../testing/tokens.ts";

const fleet = createTestFleet("bots");
afterEach(fleet.clear);

const MAKER: Grants = { ...MEMBER_GRANTS, create: true };

async function enter(room: string, body: unknown, { identity = "assistant", grants = MAKER } = {}): Promise<Response> {
  const headers = { authorization: `Bearer ${await joinToken({ room, identity, grants })}` };
  return ask(`/v1/bots/${room}`, { method: "POST", headers, body: JSON.stringify(body) });
}

const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;
const participants = async (room: string): Promise<Frame[]> =>
  ((await (await askApi("GET", `/v1/rooms/${room}/participants`)).json()) as { participants: Frame[] }).participants;

describe("a program that wants sound", () => {
  it("is a participant with a microphone, and is told of the door that the node opens", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    const response = await enter(room, { hear: "mix", speak: true, rate: 16_000 });
    expect(response.status).toBe(201);
    const door = v.parse(v.strictObject(BotDoor.entries), await response.json());
    expect(door).toMatchObject({ url: "ws://node.example:7100/", token: `token of ${door.pid}` });
    expect(door.expiresAt).toBeGreaterThan(Date.now());
    const opened = node.commands.find(({ type }) => type === "bot.open");
    expect(opened).toMatchObject({ room, pid: door.pid, audio: { hear: "mix", speak: true, rate: 16_000 } });
    expect(await participants(room)).toMatchObject([
      { pid: door.pid, kind: "bot", identity: "assistant", sources: [{ kind: "mic", muted: false }] },
    ]);
  });

  it("hears one source, or all that a participant publishes, and publishes nothing unless it speaks", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    await join(room, "ada");
    await enter(room, { hear: "ada" });
    const numbers = Array.from({ length: 16 }, (_, index) => 16 + index);
    expect(node.commands.findLast(({ type }) => type === "bot.open")).toMatchObject({
      audio: { hear: numbers, speak: false, rate: 48_000 },
    });
    expect((await participants(room))[1]).toMatchObject({ kind: "bot", sources: [] });
    expect(await codeOf(await enter(room, { hear: "16" }))).toBe("no-such-source");
    expect(await codeOf(await enter(room, { hear: "bob" }))).toBe("no-such-participant");
  });

  it("is gone when the node says that its door is shut, and its identity may come again", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    await join(room, "ada");
    const { pid }: BotDoor = await (await enter(room, { speak: true })).json();
    const again: BotDoor = await (await enter(room, { speak: true })).json();
    expect((await participants(room)).map(({ pid }) => pid)).toContain(again.pid);
    expect((await participants(room)).map(({ pid }) => pid)).not.toContain(pid);
    const opened = node.commands.find(({ type }) => type === "room.open") as unknown as Frame;
    const where = { room, life: opened.life, epoch: opened.epoch };
    node.send({ type: "session", ...where, pid: again.pid, state: "closed" });
    await vi.waitFor(async () => expect((await participants(room)).map(({ kind }) => kind)).toEqual(["client"]));
  });

  it("is refused what its token doesn't grant, and what makes no sense", async () => {
    await fleet.link();
    const room = uniqueRoom();
    const refused: [body: unknown, grants: Grants, status: number, code: string][] = [
      [{ speak: true }, { create: true, subscribe: ["mic"] }, 403, "no-grant"],
      [{ hear: "mix" }, { create: true, subscribe: ["mic"] }, 403, "no-grant"],
      [{ hear: "ada" }, { create: true }, 403, "no-grant"],
      [{ hear: "mix" }, MEMBER_GRANTS, 404, "no-such-room"],
      [{}, MAKER, 400, "bad-request"],
      [{ hear: "mix", rate: 44_100 }, MAKER, 400, "bad-request"],
      [{ hear: "" }, MAKER, 400, "bad-request"],
      [{ hear: "speaker" }, MAKER, 400, "bad-request"],
    ];
    for (const [body, grants, status, code] of refused) {
      const response = await enter(room, body, { grants });
      expect([response.status, await codeOf(response)], JSON.stringify(body)).toEqual([status, code]);
    }
    const headers = {
      authorization: `Bearer ${await joinToken({ room: uniqueRoom(), identity: "x", grants: MAKER })}`,
    };
    const foreign = await ask(`/v1/bots/${room}`, { method: "POST", headers, body: '{"speak":true}' });
    expect(await codeOf(foreign)).toBe("token-wrong-room");
    expect((await ask(`/v1/bots/${room}`, { method: "POST", body: "{}" })).status).toBe(401);
    expect((await ask(`/v1/bots/${room}`)).headers.get("allow")).toBe("POST, OPTIONS");
    expect((await ask("/v1/bots/Not_A_Name", { method: "POST" })).status).toBe(400);
  });

  it("leaves nobody behind where no node carries it, or the node has no door", async () => {
    const room = uniqueRoom();
    const none = await enter(room, { speak: true });
    expect([none.status, await codeOf(none)]).toEqual([503, "no-media-node"]);
    expect(await participants(room)).toEqual([]);
    const node = await fleet.link();
    node.manner = "refuse";
    expect((await enter(room, { speak: true })).status).toBeGreaterThanOrEqual(400);
    expect(await participants(room)).toEqual([]);
  });
});
