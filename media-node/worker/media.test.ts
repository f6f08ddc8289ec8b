import { describe, expect, it } from "vitest";
import { MEMBER_GRANTS } from "../../src/protocol/index.ts";
import type { ModelClient } from "./testing/model-client.ts";
import { addressOf, createWorld, participantOf, pidOf, type World } from "./testing/model-world.ts";

async function room(...numbers: number[]): Promise<{ world: World; clients: ModelClient[] }> {
  const world = createWorld();
  await world.command({ type: "room.open", participants: [] });
  const clients: ModelClient[] = [];
  for (const number of numbers) clients.push(await world.join(number));
  return { world, clients };
}

/** Each sends audio every 20 ms and a frame every 40 ms, the first a key frame and one each second. */
function talk(world: World, clients: readonly ModelClient[], milliseconds: number, from = 0): number {
  let tick = from;
  world.run(milliseconds, () => {
    for (const client of clients) {
      client.sendAudio(tick);
      if (tick % 2 === 0) client.sendVideo(tick / 2, tick % 50 === 0);
    }
    tick++;
  });
  return tick;
}

const payloads = (client: ModelClient): string => client.packets.map(({ payload }) => payload).join("\n");

describe("a room of sessions", () => {
  it("carries everybody's sound and picture to everybody, named by CSRC", async () => {
    const { world, clients } = await room(1, 2);
    talk(world, clients, 1_000);
    const [a, b] = clients as [ModelClient, ModelClient];
    for (const [client, other] of [
      [a, 2],
      [b, 1],
    ] as const) {
      expect(client.connected).toBe(true);
      const sources = new Set(client.packets.map(({ csrc }) => csrc));
      expect([...sources].sort()).toEqual([other * 16, other * 16 + 1]);
      expect(payloads(client)).toContain(`video ${addressOf(other)} 5`);
      expect(payloads(client)).not.toContain(addressOf(3 - other));
      expect(client.broken).toBe(0);
    }
    expect(world.errors).toEqual([]);
  });

  it("tells which source a slot carries before its first packet comes", async () => {
    const { world, clients } = await room(1, 2);
    talk(world, clients, 500);
    const { heard } = clients[1]!;
    const first = heard.findIndex(each => "packet" in each && each.packet.csrc === 17);
    const told = heard.findIndex(
      each =>
        "message" in each &&
        each.message.type === "slots" &&
        each.message.slots.some(({ source, state }) => source === 17 && state === "live"),
    );
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThan(first);
    expect(heard[0]).toEqual({ message: { type: "hello", features: ["mix"] } });
  });

  it("forwards in the turn in which a packet came", async () => {
    const { world, clients } = await room(1, 2);
    const tick = talk(world, clients, 500);
    world.run(5);
    const before = clients[1]!.packets.length;
    clients[0]!.sendAudio(tick);
    world.run(5);
    expect(clients[1]!.packets.length).toBe(before + 1);
  });

  it("pairs a voice with its picture and puts the others' into floating slots", async () => {
    const { world, clients } = await room(1, 2, 3, 4);
    talk(world, clients, 1_000);
    const slots = new Map(
      clients[0]!.messages.flatMap(message =>
        message.type === "slots" ? message.slots.map(({ mid, source }) => [mid, source] as const) : [],
      ),
    );
    // mids: 2 and 3 are video slots, 4 and 5 paired with them, 6 floats.
    expect(slots.get("4")).toBe(slots.get("2")! - 1);
    expect(slots.get("5")).toBe(slots.get("3")! - 1);
    const shown = [slots.get("2")!, slots.get("3")!].map(source => source >> 4);
    expect(shown).not.toContain(slots.get("6")! >> 4);
    expect(slots.get("6")! & 15).toBe(0);
  });

  it("shows what the client wishes", async () => {
    const { world, clients } = await room(1, 2, 3, 4);
    let tick = talk(world, clients, 500);
    clients[0]!.sendMessage({ type: "wishes", videos: [{ source: 4 * 16 + 1 }] });
    tick = talk(world, clients, 1_200, tick);
    const before = clients[0]!.packets.length;
    talk(world, clients, 500, tick);
    const video = clients[0]!.packets.slice(before).filter(({ csrc }) => (csrc & 15) === 1);
    expect(new Set(video.map(({ csrc }) => csrc))).toEqual(new Set([65]));
  });

  it("goes by the m-lines where there is no plan, and does without a data channel", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    const a = await world.join(1, { withPlan: false, withChannel: false });
    const b = await world.join(2, { withPlan: false, slots: { video: 1, paired: 1, floating: 0 } });
    talk(world, [a, b], 1_000);
    expect(payloads(a)).toContain(`video ${addressOf(2)}`);
    expect(payloads(b)).toContain(`video ${addressOf(1)}`);
    expect(payloads(b)).toContain(`audio ${addressOf(1)}`);
  });

  it("asks the publisher for a key frame when somebody comes late or can't decode", async () => {
    const { world, clients } = await room(1);
    let tick = talk(world, clients, 300);
    const asked = (): number =>
      clients[0]!.reports.filter(({ bytes }) => [...bytes].some((byte, i) => byte === 0x81 && bytes[i + 1] === 206))
        .length;
    const late = await world.join(2);
    expect(asked()).toBeGreaterThan(0);
    tick = talk(world, clients, 2_000, tick);
    const before = asked();
    const pli = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0]);
    pli.writeUInt32BE(late.packets.find(({ csrc }) => csrc === 17)!.ssrc, 8);
    // Alone, without a report before it (RFC 5506).
    late.sendRtcp(pli);
    world.run(20);
    expect(asked()).toBe(before + 1);
  });

  it("lets no session go silent for more than 250 ms", async () => {
    const { world, clients } = await room(1);
    world.run(3_000);
    const times = clients[0]!.reports.map(({ at }) => at);
    expect(times.length).toBeGreaterThan(10);
    for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeLessThanOrEqual(250);
  });
});

describe("what a participant may do", () => {
  it("is enforced on packets: muted, unpublished and ungranted sources reach nobody, at once", async () => {
    const { world, clients } = await room(1, 2);
    let tick = talk(world, clients, 400);
    const silences = [
      { sources: participantOf(1).sources.map(source => ({ ...source, muted: true })) },
      { sources: [] },
      { grants: { ...MEMBER_GRANTS, publish: [] } },
    ];
    for (const change of silences) {
      await world.command({ type: "participant.put", participant: participantOf(1, change) });
      world.run(10);
      let before = clients[1]!.packets.length;
      tick = talk(world, clients, 400, tick);
      expect(clients[1]!.packets.length).toBe(before);
      await world.command({ type: "participant.put", participant: participantOf(1) });
      before = clients[1]!.packets.length;
      tick = talk(world, clients, 1_200, tick);
      const back = new Set(clients[1]!.packets.slice(before).map(({ csrc }) => csrc));
      expect([...back].sort()).toEqual([16, 17]);
    }
  });

  it("holds for receiving too", async () => {
    const { world, clients } = await room(1, 2);
    let tick = talk(world, clients, 400);
    const grants = { ...MEMBER_GRANTS, subscribe: ["mic" as const] };
    await world.command({ type: "participant.put", participant: participantOf(2, { grants }) });
    const before = clients[1]!.packets.length;
    tick = talk(world, clients, 1_200, tick);
    expect(new Set(clients[1]!.packets.slice(before).map(({ csrc }) => csrc))).toEqual(new Set([16]));
    const last = clients[1]!.messages.flatMap(message => (message.type === "slots" ? message.slots : [])).at(-1);
    expect(last).toMatchObject({ source: 17, state: "no-grant" });
  });

  it("is answered inactive where it is nothing, and opened by a re-offer after a grant", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    const client = world.client(1);
    const grants = { ...MEMBER_GRANTS, publish: ["mic" as const], subscribe: ["camera" as const] };
    await world.command({ type: "participant.put", participant: participantOf(1, { grants }) });
    const directions = async (): Promise<string[]> => {
      const { answer } = await world.command({ type: "session.open", pid: pidOf(1), offer: client.offer() });
      return [...answer!.sdp.matchAll(/^a=(sendonly|recvonly|sendrecv|inactive)\r$/gm)].map(match => match[1]!);
    };
    expect(await directions()).toEqual([
      "recvonly",
      "inactive",
      "sendonly",
      "sendonly",
      "inactive",
      "inactive",
      "inactive",
    ]);
    await world.command({ type: "participant.put", participant: participantOf(1) });
    expect((await directions()).slice(1, 5)).toEqual(["recvonly", "sendonly", "sendonly", "sendonly"]);
  });
});
