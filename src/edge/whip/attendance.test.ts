/** Encoders and players as participants: seen, granted, removed, and what a player may name. */
import { afterEach, describe, expect, it } from "vitest";
import { askApi, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import type { TestNode } from "../testing/node.ts";
import { offerOf } from "../testing/sdp.ts";
import { answerOffers, post } from "../testing/whip.ts";

const fleet = createTestFleet("attendance");
afterEach(fleet.clear);

async function linked(): Promise<TestNode> {
  const node = await fleet.link();
  answerOffers(node);
  return node;
}

const opened = (node: TestNode) => node.commands.flatMap(command => (command.type === "session.open" ? [command] : []));

describe("an encoder", () => {
  it("is a participant with what its offer holds, by whom others mute it and remove it", async () => {
    const node = await linked();
    const room = uniqueRoom();
    const viewer = await join(room, "ada");
    const response = await post(`whip/${room}`);
    expect(response.status).toBe(201);
    const { participant } = await viewer.next("participant.joined");
    expect(participant).toMatchObject({ kind: "whip", identity: "program-whip", state: "here" });
    const mic = (await viewer.next("source.published")).source;
    expect([mic.kind, (await viewer.next("source.published")).source.kind]).toEqual(["mic", "camera"]);
    expect((await viewer.ask("moderate.mute", { number: mic.number })).type).toBe("ok");
    expect(await viewer.next("source.updated")).toMatchObject({ number: mic.number, muted: true });
    expect((await askApi("DELETE", `/v1/rooms/${room}/participants/${participant.pid}`)).status).toBe(204);
    expect(await viewer.next("participant.left")).toMatchObject({ pid: participant.pid, reason: "removed" });
    await node.next("participant.remove");
  });

  it("publishes what its token grants, and is told what it doesn't", async () => {
    await linked();
    const room = uniqueRoom();
    const grants = { create: true, publish: ["mic" as const] };
    const refused = await post(`whip/${room}`, { grants });
    expect([refused.status, ((await refused.json()) as { detail: string }).detail]).toEqual([403, "publish camera"]);
    expect((await post(`whip/${room}`, { grants, sdp: offerOf({ media: ["audio"] }) })).status).toBe(201);
  });

  it("is gone when the node says that its session is", async () => {
    const node = await linked();
    const room = uniqueRoom();
    const viewer = await join(room, "ada");
    await post(`whip/${room}`);
    const { participant } = await viewer.next("participant.joined");
    const { life = "", epoch = 0 } = opened(node)[0] ?? {};
    node.send({ type: "session", room, life, epoch, pid: participant.pid, state: "closed" });
    expect(await viewer.next("participant.left")).toMatchObject({ pid: participant.pid, reason: "vanished" });
  });
});

describe("a player", () => {
  it("plays who speaks, the mix, one source by its number, or all of one participant by identity", async () => {
    const node = await linked();
    const room = uniqueRoom();
    await join(room, "ada");
    expect((await post(`whip/${room}`)).status).toBe(201);
    const played: unknown[] = [];
    for (const what of ["", "/speaker", "/mix", "/33", "/program-whip"]) {
      expect((await post(`whep/${room}${what}`)).status).toBe(201);
      const { only, mix } = opened(node).at(-1)?.offer ?? {};
      played.push(mix ? "mix" : only);
    }
    const all = Array.from({ length: 16 }, (_, index) => 32 + index);
    expect(played).toEqual([undefined, undefined, "mix", [33], all]);
  });

  it("is told by a 4xx what can't be played, and isn't seen", async () => {
    await linked();
    const room = uniqueRoom();
    const viewer = await join(room, "ada");
    await viewer.ask("source.publish", { kind: "screen" });
    await join(room, "ghost", { grants: { subscribe: ["mic"], publish: ["mic"], hidden: true } });
    const codes: Record<string, unknown> = {};
    const grants = { subscribe: ["camera" as const] };
    for (const what of ["mix", "999", "nobody", "ghost", "18"]) {
      const response = await post(`whep/${room}/${what}`, { grants });
      codes[what] = [response.status, ((await response.json()) as { code: string }).code];
    }
    expect(codes).toEqual({
      mix: [403, "no-grant"],
      999: [404, "no-such-source"],
      nobody: [404, "no-such-participant"],
      ghost: [404, "no-such-participant"],
      18: [403, "no-grant"],
    });
    await viewer.settle();
    expect(
      viewer.frames.some(({ type, participant }) => type === "participant.joined" && participant.kind === "whep"),
    ).toBe(false);
  });

  it("may go without what its token does not let it receive, but not without everything", async () => {
    const node = await linked();
    const room = uniqueRoom();
    await join(room, "ada");
    answerOffers(node, (own, media) => (media === "video" ? "inactive" : own));
    expect((await post(`whep/${room}`, { grants: { subscribe: ["mic"] } })).status).toBe(201);
    expect((await post(`whep/${room}`, { grants: { subscribe: [] } })).status).toBe(403);
  });
});
