import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ParticipantList } from "../../src/protocol/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { createNamespace, joinNamespaces, type Namespace } from "../support/namespaces.ts";
import { startNode } from "../support/node.ts";
import { AIORTC, startProgram } from "../support/peers/program.ts";
import { startWhipClient, WHIP_CLIENT_TONE } from "../support/peers/whip-client.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

describe("simple-whip-client", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let people: Namespace;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    people = createNamespace("encoder");
    cleanup.add(people.close);
    const rack = createNamespace("rack");
    cleanup.add(rack.close);
    joinNamespaces(people, "10.79.0.1", rack, "10.79.0.2");
    await Promise.all([people.forward(edge.port), rack.forward(edge.port)]);
    const node = await startNode({ edge: edge.url, namespace: rack.name, listen: "10.79.0.2" });
    cleanup.add(node.stop);
  });
  afterAll(cleanup.run);

  it("publishes what aiortc then decodes, and leaves at once by its DELETE", async () => {
    const grants = { create: true, publish: ["mic", "camera"] as ("mic" | "camera")[] };
    const encoder = startWhipClient(
      people.name,
      `${edge.url}/v1/whip/stage`,
      await joinToken("stage", "encoder", grants),
    );
    cleanup.add(encoder.end);
    const kinds = async (): Promise<string[]> => {
      const headers = { authorization: `Bearer ${await apiToken()}` };
      const response = await fetch(`${edge.url}/v1/rooms/stage/participants`, { headers });
      const { participants = [] } = (await response.json()) as Partial<ParticipantList>;
      return participants.map(({ kind }) => kind);
    };
    await expect.poll(kinds, { message: encoder.output.join("") }).toEqual(["whip"]);
    const token = await joinToken("stage", "player", { subscribe: ["mic", "camera"] });
    const place = { namespace: people.name, address: "10.79.0.1" };
    const player = startProgram(AIORTC, "play", `${edge.url}/v1/whep/stage`, token, place);
    cleanup.add(player.kill);
    await player.when(({ frames = 0, hertz = 0 }) => frames >= 10 && Math.abs(hertz - WHIP_CLIENT_TONE) < 10);
    await player.when(({ media, frames = 0 }) => media === "video" && frames >= 10);
    await encoder.end();
    expect(encoder.output.join("")).not.toMatch(/error|failed/i);
    expect(await kinds()).toEqual(["whep"]);
  });
});
