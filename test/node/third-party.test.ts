import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RtpPacket } from "werift";
import type { Grants } from "../../src/protocol/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { AIORTC, GSTREAMER, type Program, type Stack, startProgram } from "../support/peers/program.ts";
import { playByWerift, publishByWerift } from "../support/peers/werift.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

const ENCODER: Grants = { create: true, publish: ["mic", "camera"] };
const PLAYER: Grants = { subscribe: ["mic", "camera"] };

/** It decodes what a stack publishes: as many frames, that pitch, that grey. */
async function expectDecoded(player: Program, { tone, luma }: Stack): Promise<void> {
  const [audio, video] = await Promise.all([
    player.when(({ frames = 0, hertz = 0 }) => frames >= 10 && Math.abs(hertz - tone) < 10),
    player.when(({ media, frames = 0 }) => media === "video" && frames >= 10),
  ]);
  expect(audio.media).toBe("audio");
  expect(video.luma).toBeGreaterThan(luma - 8);
  expect(video.luma).toBeLessThan(luma + 8);
}

const expectContinuous = (packets: readonly RtpPacket[]): void => {
  const numbers = packets.map(({ header }) => header.sequenceNumber);
  expect(numbers).toEqual(numbers.map((_, i) => ((numbers[0] ?? 0) + i) % 65_536));
  expect(new Set(packets.map(({ header }) => header.ssrc)).size).toBe(1);
};

describe.each(["bun", "node"] as const)(
  "WebRTC stacks that are neither browsers nor ours, by a media node on %s",
  runtime => {
    const cleanup = createCleanup();
    let edge: Edge;
    let publisher: Program;

    const endpoint = (protocol: "whip" | "whep", path: string): string => `${edge.url}/v1/${protocol}/${path}`;
    const begin = async (stack: Stack, role: "publish" | "play", path: string): Promise<Program> => {
      const [protocol, grants] = role === "publish" ? (["whip", ENCODER] as const) : (["whep", PLAYER] as const);
      const [room = ""] = path.split("/");
      const token = await joinToken(room, `${stack.script}-${role}`, grants);
      const program = startProgram(stack, role, endpoint(protocol, path), token);
      cleanup.add(program.kill);
      await program.when(({ state }) => state === "connected");
      return program;
    };

    beforeAll(async () => {
      edge = await startEdge();
      cleanup.add(edge.stop);
      const node = await startNode({ edge: edge.url, runtime });
      cleanup.add(node.stop);
      publisher = await begin(AIORTC, "publish", "python");
    });
    afterAll(cleanup.run);

    it("aiortc publishes by WHIP and plays by WHEP", async () => {
      const player = await begin(AIORTC, "play", "python");
      await expectDecoded(player, AIORTC);
      await player.end();
      expect(player.lines).toContainEqual({ deleted: 200 });
    });

    it("GStreamer publishes and plays, each candidate by PATCH, and each of the two stacks decodes the other", async () => {
      const encoder = await begin(GSTREAMER, "publish", "gstreamer");
      const players = await Promise.all([
        begin(AIORTC, "play", "gstreamer"),
        begin(GSTREAMER, "play", `gstreamer/${GSTREAMER.script}-publish`),
      ]);
      await Promise.all(players.map(player => expectDecoded(player, GSTREAMER)));
      const other = await begin(GSTREAMER, "play", "python");
      await expectDecoded(other, AIORTC);
      for (const program of [...players, other, encoder]) await program.end();
      for (const program of [...players, other, encoder]) expect(program.lines).toContainEqual({ deleted: 200 });
      const patched = encoder.lines.flatMap(({ patched }) => patched ?? []);
      expect(new Set(patched)).toEqual(new Set([204]));
    });

    it("werift plays every packet in order, and what it publishes on in another room is decoded there", async () => {
      const player = await playByWerift(endpoint("whep", "python"), await joinToken("python", "werift", PLAYER));
      const encoder = await publishByWerift(
        endpoint("whip", "typescript"),
        await joinToken("typescript", "werift", ENCODER),
        player.requestKeyFrame,
      );
      player.onPacket(encoder.write);
      const last = await begin(AIORTC, "play", "typescript");
      await expectDecoded(last, AIORTC);
      await last.end();
      await encoder.end();
      await player.end();
      expect(player.packets.audio.length).toBeGreaterThan(50);
      expect(player.packets.video.length).toBeGreaterThan(10);
      expectContinuous(player.packets.audio);
      expectContinuous(player.packets.video);
    });

    it("leave with their DELETE", async () => {
      await publisher.end();
      expect(publisher.lines).toContainEqual({ deleted: 200 });
      const response = await fetch(`${edge.url}/v1/rooms/python`, {
        headers: { authorization: `Bearer ${await apiToken()}` },
      });
      expect(await response.json()).toMatchObject({ participants: 0 });
    });
  },
);
