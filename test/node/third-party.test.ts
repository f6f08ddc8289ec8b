import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RtpPacket } from "werift";
import type { Grants } from "../../src/protocol/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { AIORTC_LUMA, AIORTC_TONE, type AiortcClient, startAiortc } from "../support/peers/aiortc.ts";
import { playByWerift, publishByWerift } from "../support/peers/werift.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

const ENCODER: Grants = { create: true, publish: ["mic", "camera"] };
const PLAYER: Grants = { subscribe: ["mic", "camera"] };

describe.each(["bun", "node"] as const)(
  "WebRTC stacks that are neither browsers nor ours, by a media node on %s",
  runtime => {
    const cleanup = createCleanup();
    let edge: Edge;
    let publisher: AiortcClient;

    const endpoint = (protocol: "whip" | "whep", room: string): string => `${edge.url}/v1/${protocol}/${room}`;
    const aiortc = async (role: "publish" | "play", room: string): Promise<AiortcClient> => {
      const [protocol, grants] = role === "publish" ? (["whip", ENCODER] as const) : (["whep", PLAYER] as const);
      const client = startAiortc(role, endpoint(protocol, room), await joinToken(room, `aiortc-${role}`, grants));
      cleanup.add(client.kill);
      await client.when(({ state }) => state === "connected");
      return client;
    };

    beforeAll(async () => {
      edge = await startEdge();
      cleanup.add(edge.stop);
      const node = await startNode({ edge: edge.url, runtime });
      cleanup.add(node.stop);
      publisher = await aiortc("publish", "python");
    });
    afterAll(cleanup.run);

    /** It decodes what aiortc sends: as many frames, that pitch, that grey. */
    const expectDecoded = async (player: AiortcClient): Promise<void> => {
      const [audio, video] = await Promise.all([
        player.when(({ frames = 0, hertz = 0 }) => frames >= 10 && Math.abs(hertz - AIORTC_TONE) < 10),
        player.when(({ media, frames = 0 }) => media === "video" && frames >= 10),
      ]);
      expect(audio.media).toBe("audio");
      expect(video.luma).toBeGreaterThan(AIORTC_LUMA - 8);
      expect(video.luma).toBeLessThan(AIORTC_LUMA + 8);
    };

    const expectContinuous = (packets: readonly RtpPacket[]): void => {
      const numbers = packets.map(({ header }) => header.sequenceNumber);
      expect(numbers).toEqual(numbers.map((_, i) => ((numbers[0] ?? 0) + i) % 65_536));
      expect(new Set(packets.map(({ header }) => header.ssrc)).size).toBe(1);
    };

    it("aiortc publishes by WHIP and plays by WHEP", async () => {
      const player = await aiortc("play", "python");
      await expectDecoded(player);
      await player.end();
      expect(player.lines).toContainEqual({ deleted: 200 });
    });

    it("werift plays every packet in order, and what it publishes on in another room is decoded there", async () => {
      const player = await playByWerift(endpoint("whep", "python"), await joinToken("python", "werift", PLAYER));
      const encoder = await publishByWerift(
        endpoint("whip", "typescript"),
        await joinToken("typescript", "werift", ENCODER),
        player.requestKeyFrame,
      );
      player.onPacket(encoder.write);
      const last = await aiortc("play", "typescript");
      await expectDecoded(last);
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
