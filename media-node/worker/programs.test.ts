import { describe, expect, it } from "vitest";
import type { ModelClient } from "./testing/model-client.ts";
import { modelCredentials } from "./testing/model-ice.ts";
import { createWorld, participantOf, pidOf, type World } from "./testing/model-world.ts";

/** Somebody whose session is opened by a program: WHIP or WHEP. */
async function attend(world: World, number: number, more: object): Promise<{ client: ModelClient; answer: string }> {
  const client = world.client(number, { withPlan: false });
  await world.command({ type: "participant.put", participant: participantOf(number) });
  const offer = { ...client.offer(), ...more };
  const { answer } = await world.command({ type: "session.open", pid: pidOf(number), offer });
  client.accept(answer!.sdp);
  world.run(500);
  return { client, answer: answer!.sdp };
}

function talk(world: World, clients: readonly ModelClient[], milliseconds: number, from = 0): void {
  let tick = from;
  world.run(milliseconds, () => {
    for (const client of clients) {
      client.sendAudio(tick);
      if (tick % 2 === 0) client.sendVideo(tick / 2, tick % 50 === 0);
    }
    tick++;
  });
}

const heardBy = (client: ModelClient): number[] => [...new Set(client.packets.map(({ csrc }) => csrc))].sort();
const directions = (answer: string): string[] =>
  [...answer.matchAll(/^a=(sendrecv|sendonly|recvonly|inactive)\r$/gm)].map(([, direction]) => direction ?? "");

describe("a session of a program", () => {
  it("carries an encoder's sources and sends it nothing, though its lines would take it", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    const viewer = await world.join(1);
    const { client, answer } = await attend(world, 2, { role: "publish" });
    expect(new Set(directions(answer))).toEqual(new Set(["recvonly", "inactive"]));
    talk(world, [viewer, client], 500);
    expect(heardBy(viewer)).toEqual([32, 33]);
    expect(client.packets).toEqual([]);
  });

  it("carries to a player what it names and nothing else, and takes nothing from it", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    const a = await world.join(1);
    const b = await world.join(2);
    const { client: player } = await attend(world, 3, { role: "play", only: [32, 17] });
    talk(world, [a, b, player], 500);
    expect(heardBy(player)).toEqual([17, 32]);
    expect(heardBy(a)).toEqual([32, 33]);
  });

  it("restarts ICE by credentials alone; until they are used the old ones hold", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    const viewer = await world.join(1);
    const { client, answer } = await attend(world, 2, { role: "publish" });
    const ice = modelCredentials();
    const restart = () => world.command({ type: "session.restart", pid: pidOf(2), ice });
    const { answer: next } = await restart();
    const ufrag = (sdp: string): string => /^a=ice-ufrag:(.*)\r$/m.exec(sdp)?.[1] ?? "";
    expect(ufrag(next!.sdp)).not.toBe(ufrag(answer));
    expect((await restart()).answer).toEqual(next);
    talk(world, [client], 500);
    const before = viewer.packets.length;
    expect(before).toBeGreaterThan(30);
    client.restartIce(ice);
    client.accept(next!.sdp);
    world.run(500);
    talk(world, [client], 500, 1_000);
    expect(viewer.packets.length).toBeGreaterThan(before + 30);
    expect(world.count("stun.unknown")).toBe(0);
  });

  it("refuses credentials that are none, and goes on", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    const viewer = await world.join(1);
    const { client } = await attend(world, 2, { role: "publish" });
    const ice = { ufrag: "abc", password: "short" };
    await expect(world.command({ type: "session.restart", pid: pidOf(2), ice })).rejects.toMatchObject({
      code: "media-offer",
    });
    await expect(world.command({ type: "session.restart", pid: pidOf(9), ice })).rejects.toMatchObject({
      code: "no-such-participant",
    });
    talk(world, [client], 500);
    expect(heardBy(viewer)).toEqual([32, 33]);
  });
});
