import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Grants, MEMBER_GRANTS } from "../../protocol/grants.ts";
import { RtmpDoor } from "../../protocol/rtmp.ts";
import { ask, askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import { joinToken } from "../testing/tokens.ts";

const fleet = createTestFleet("rtmp");
afterEach(fleet.clear);

const MAKER: Grants = { create: true, publish: ["mic", "camera"] };

async function enter(room: string, grants: Grants = MAKER): Promise<Response> {
  const headers = { authorization: `Bearer ${await joinToken({ room, identity: "encoder", grants })}` };
  return ask(`/v1/rtmp/${room}`, { method: "POST", headers });
}

const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;
const participants = async (room: string): Promise<Frame[]> =>
  ((await (await askApi("GET", `/v1/rooms/${room}/participants`)).json()) as { participants: Frame[] }).participants;

describe("an encoder that speaks RTMP", () => {
  it("is a participant with a camera and a microphone, and is told of the door that the node opens", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    const response = await enter(room);
    expect(response.status).toBe(201);
    const door = v.parse(v.strictObject(RtmpDoor.entries), await response.json());
    expect(door).toMatchObject({ url: "rtmp://node.example:1935/live", key: `key of ${door.pid}`, sound: true });
    expect(door.expiresAt).toBeGreaterThan(Date.now());
    expect(node.commands.find(({ type }) => type === "rtmp.open")).toMatchObject({ room, pid: door.pid });
    const [encoder] = await participants(room);
    expect(encoder).toMatchObject({ pid: door.pid, kind: "rtmp", identity: "encoder" });
    expect(encoder?.sources.map(({ kind }: Frame) => kind).sort()).toEqual(["camera", "mic"]);
  });

  it("has no microphone where its sound can't be decoded, of which an attribute tells, or isn't granted", async () => {
    const node = await fleet.link();
    const rooms = [uniqueRoom(), uniqueRoom()] as const;
    expect(await (await enter(rooms[0], { create: true, publish: ["camera"] })).json()).toMatchObject({ sound: false });
    node.sound = false;
    expect(await (await enter(rooms[1])).json()).toMatchObject({ sound: false });
    const [[ungranted], [undecoded]] = [await participants(rooms[0]), await participants(rooms[1])];
    expect(ungranted).toMatchObject({ sources: [{ kind: "camera" }] });
    expect(ungranted?.attributes).toBeUndefined();
    const attributes = { sound: expect.stringContaining("AAC") };
    expect(undecoded).toMatchObject({ sources: [{ kind: "camera" }], attributes });
  });

  it("is gone when the node says that its door is shut", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    await join(room, "ada");
    const { pid }: RtmpDoor = await (await enter(room)).json();
    const opened = node.commands.find(({ type }) => type === "room.open") as unknown as Frame;
    node.send({ type: "session", room, life: opened.life, epoch: opened.epoch, pid, state: "closed" });
    await vi.waitFor(async () => expect((await participants(room)).map(({ kind }) => kind)).toEqual(["client"]));
  });

  it("is refused what its token doesn't grant", async () => {
    await fleet.link();
    const room = uniqueRoom();
    for (const [grants, status, code] of [
      [{ create: true, publish: ["mic"] }, 403, "no-grant"],
      [MEMBER_GRANTS, 404, "no-such-room"],
    ] as [Grants, number, string][]) {
      const response = await enter(room, grants);
      expect([response.status, await codeOf(response)]).toEqual([status, code]);
    }
    expect((await ask(`/v1/rtmp/${room}`, { method: "POST" })).status).toBe(401);
    expect((await ask(`/v1/rtmp/${room}`)).headers.get("allow")).toBe("POST, OPTIONS");
  });

  it("leaves nobody behind where no node carries it, or the node has no door", async () => {
    const room = uniqueRoom();
    expect(await codeOf(await enter(room))).toBe("no-media-node");
    expect(await participants(room)).toEqual([]);
    const node = await fleet.link();
    node.manner = "refuse";
    expect((await enter(room)).status).toBeGreaterThanOrEqual(400);
    expect(await participants(room)).toEqual([]);
  });
});
