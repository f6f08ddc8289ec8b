import * as v from "valibot";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HlsCreated } from "../../protocol/hls.ts";
import { askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";

const fleet = createTestFleet("hls");
afterEach(fleet.clear);

const begin = (room: string, body: unknown): Promise<Response> => askApi("POST", `/v1/rooms/${room}/hls`, body);
const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;
const kinds = async (room: string): Promise<string[]> => {
  const response = await askApi("GET", `/v1/rooms/${room}/participants`);
  return ((await response.json()) as { participants: Frame[] }).participants.map(({ kind }) => kind);
};
const numbers = Array.from({ length: 16 }, (_, index) => 16 + index);

describe("a broadcast as HLS", () => {
  it("is a participant that everybody sees; the node is told whose picture, and what sound", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    await join(room, "ada");
    const response = await begin(room, { source: "ada" });
    expect(response.status).toBe(201);
    const { pid, playlist } = v.parse(v.strictObject(HlsCreated.entries), await response.json());
    expect(playlist).toBe(`${room}/live/index.m3u8`);
    const orders = () => node.commands.filter(({ type }) => type === "hls.open");
    expect(orders()).toMatchObject([{ pid, order: { name: "live", video: numbers, audio: "mix" } }]);
    expect(await kinds(room)).toEqual(["client", "hls"]);
    await begin(room, { source: "ada", name: "own", sound: "own" });
    expect(orders()[1]).toMatchObject({ order: { name: "own", video: numbers, audio: numbers } });
    expect(await kinds(room)).toEqual(["client", "hls", "hls"]);
  });

  it("is replaced by one of its name, ended by DELETE, and gone when the node says so", async () => {
    const node = await fleet.link();
    const room = uniqueRoom();
    await join(room, "ada");
    await begin(room, { source: "ada" });
    const { pid }: HlsCreated = await (await begin(room, { source: "ada" })).json();
    expect(await kinds(room)).toEqual(["client", "hls"]);
    expect((await askApi("DELETE", `/v1/rooms/${room}/hls/${pid}`)).status).toBe(204);
    expect(await kinds(room)).toEqual(["client"]);
    expect(await codeOf(await askApi("DELETE", `/v1/rooms/${room}/hls/${pid}`))).toBe("no-such-participant");
    const again: HlsCreated = await (await begin(room, { source: "ada" })).json();
    const opened = node.commands.findLast(({ type }) => type === "room.open") as unknown as Frame;
    const where = { room, life: opened.life, epoch: opened.epoch };
    node.send({ type: "session", ...where, pid: again.pid, state: "closed" });
    await vi.waitFor(async () => expect(await kinds(room)).toEqual(["client"]));
  });

  it("leaves alone who came with a token and is called as it would be", async () => {
    await fleet.link();
    const room = uniqueRoom();
    await join(room, "ada");
    await join(room, "hls:live");
    expect((await begin(room, { source: "ada" })).status).toBe(201);
    expect(await kinds(room)).toEqual(["client", "client", "hls"]);
  });

  it("needs somebody to show, and a node; who fails leaves nothing behind", async () => {
    const room = uniqueRoom();
    const { pid } = await join(room, "ada");
    expect(await codeOf(await begin(room, { source: "bob" }))).toBe("no-such-participant");
    for (const source of ["99", "mix", "speaker"]) {
      expect(["no-such-source", "no-such-participant"]).toContain(await codeOf(await begin(room, { source })));
    }
    expect((await begin(room, { source: "ada", name: "../up" })).status).toBe(400);
    expect((await begin(room, { source: "ada", sound: "none" })).status).toBe(400);
    expect(await codeOf(await begin(room, { source: "ada" }))).toBe("no-media-node");
    expect(await codeOf(await askApi("DELETE", `/v1/rooms/${room}/hls/${pid}`))).toBe("no-such-participant");
    expect(await kinds(room)).toEqual(["client"]);
  });
});
