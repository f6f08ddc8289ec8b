/** Programs that speak plain RTP, as participants; what they say and hear is the node's. */
import * as v from "valibot";
import { afterEach, describe, expect, it } from "vitest";
import { RtpCreated } from "../../protocol/rtp.ts";
import { ask, askApi, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import type { TestNode } from "../testing/node.ts";
import { joinToken } from "../testing/tokens.ts";

const fleet = createTestFleet("rtp");
afterEach(fleet.clear);

const OPUS = { codec: "opus", payloadType: 111 };
const VP8 = { codec: "vp8", payloadType: 96 };
const TAKE = { identity: "studio", name: "Studio", receive: { audio: OPUS, video: VP8, from: "192.0.2.7" } };
const sendTo = (more: object = {}) => ({
  identity: "recorder",
  send: { address: "192.0.2.9", audio: { ...OPUS, port: 5_004 }, ...more },
});

async function linked(): Promise<TestNode> {
  const node = await fleet.link();
  node.answerOf = ({ leg }) => `description of ${Object.keys(leg)}`;
  return node;
}

const opened = (node: TestNode) => node.commands.flatMap(command => (command.type === "rtp.open" ? [command.leg] : []));
const codeOf = async (response: Response): Promise<unknown> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];

describe("a program that speaks plain RTP", () => {
  it("is a participant with a microphone and a camera, until it is ended", async () => {
    const node = await linked();
    const room = uniqueRoom();
    const viewer = await join(room, "ada");
    const response = await askApi("POST", `/v1/rooms/${room}/rtp`, TAKE);
    expect([response.status, response.headers.get("cache-control")]).toEqual([201, "no-store"]);
    const created = v.parse(v.strictObject(RtpCreated.entries), await response.json());
    expect(created.sdp).toBe("description of receive");
    const { participant } = await viewer.next("participant.joined");
    expect(participant).toMatchObject({ kind: "rtp", identity: "studio", name: "Studio", pid: created.pid });
    expect((await viewer.next("source.published")).source.kind).toBe("mic");
    expect((await viewer.next("source.published")).source.kind).toBe("camera");
    expect(opened(node)).toEqual([{ receive: TAKE.receive }]);
    expect((await askApi("DELETE", `/v1/rooms/${room}/rtp/${created.pid}`)).status).toBe(204);
    expect(await viewer.next("participant.left")).toMatchObject({ pid: created.pid, reason: "left" });
  });

  it("is sent who speaks, the mix, one source or all of one participant, encrypted with a key made for it", async () => {
    const node = await linked();
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    await ada.ask("source.publish", { kind: "mic" });
    for (const source of [undefined, "mix", "16", "ada"]) {
      expect((await askApi("POST", `/v1/rooms/${room}/rtp`, sendTo({ source }))).status).toBe(201);
    }
    const address = { address: "192.0.2.9", audio: { ...OPUS, port: 5_004 } };
    expect(opened(node)).toEqual([
      { send: address },
      { send: { ...address, mix: true } },
      { send: { ...address, only: [16] } },
      { send: { ...address, only: Array.from({ length: 16 }, (_, index) => 16 + index) } },
    ]);
    const keys = new Set<string>();
    for (const [suite, bytes] of [
      ["AES_CM_128_HMAC_SHA1_80", 30],
      ["AEAD_AES_128_GCM", 28],
    ] as const) {
      expect((await askApi("POST", `/v1/rooms/${room}/rtp`, sendTo({ srtp: { suite } }))).status).toBe(201);
      const { key = "" } = opened(node).at(-1)?.send?.srtp ?? {};
      expect(atob(key)).toHaveLength(bytes);
      keys.add(key);
    }
    expect(keys.size).toBe(2);
  });

  it("is refused with what is wrong, and nobody stays", async () => {
    const node = await linked();
    const room = uniqueRoom();
    const viewer = await join(room, "ada");
    const post = async (body: unknown): Promise<unknown> => codeOf(await askApi("POST", `/v1/rooms/${room}/rtp`, body));
    const shortKey = { suite: "AES_CM_128_HMAC_SHA1_80", key: btoa("short") };
    for (const body of [
      {},
      { identity: "x" },
      { identity: "x", receive: {} },
      { ...TAKE, ...sendTo() },
      { identity: "x", receive: { audio: { codec: "opus", payloadType: 72 } } },
      { identity: "x", receive: { audio: OPUS, from: "studio.example" } },
      sendTo({ audio: OPUS }),
      sendTo({ srtp: shortKey }),
    ]) {
      expect(await post(body), JSON.stringify(body)).toEqual([400, "bad-request"]);
    }
    expect(await post(sendTo({ source: "99" }))).toEqual([404, "no-such-source"]);
    expect(await post(sendTo({ source: "nobody" }))).toEqual([404, "no-such-participant"]);
    expect(opened(node)).toEqual([]);
    await viewer.settle();
    expect(viewer.frames.some(({ type }) => type === "participant.joined")).toBe(false);
    node.manner = "refuse";
    expect((await askApi("POST", `/v1/rooms/${room}/rtp`, TAKE)).ok).toBe(false);
    expect(await viewer.next("participant.left")).toMatchObject({ reason: "left" });
  });

  it("is a back end's to begin and to end, in a room that there is", async () => {
    await linked();
    const room = uniqueRoom();
    const { pid } = await join(room, "ada");
    const headers = { authorization: `Bearer ${await joinToken({ room, identity: "ada" })}` };
    const begin = { method: "POST", headers, body: JSON.stringify(TAKE) };
    expect(await codeOf(await ask(`/v1/rooms/${room}/rtp`, begin))).toEqual([401, "token-invalid"]);
    expect(await codeOf(await askApi("POST", `/v1/rooms/${uniqueRoom()}/rtp`, TAKE))).toEqual([404, "no-such-room"]);
    // Nobody else is ended this way.
    const ended = await askApi("DELETE", `/v1/rooms/${room}/rtp/${pid}`);
    expect(await codeOf(ended)).toEqual([404, "no-such-participant"]);
  });
});
