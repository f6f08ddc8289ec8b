import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_ERROR, STUN_METHOD } from "../stun/constants.ts";
import { createStunWriter } from "../stun/writer.ts";
import { BEHIND_NAT, createTurnWorld, MEDIA_PORT, NODE } from "./testing/turn-world.ts";

const open = async () => {
  const made = createTurnWorld();
  await made.world.command({ type: "room.open", participants: [] });
  return made;
};

/** A Binding request, which names somebody or nobody. */
function binding(username?: string): Uint8Array {
  const bytes = new Uint8Array(200);
  const writer = createStunWriter();
  writer.begin(bytes, 0, STUN_CLASS.request, STUN_METHOD.binding, new Uint8Array(12), 0);
  if (username !== undefined) writer.text(STUN_ATTRIBUTE.username, username);
  return bytes.slice(0, writer.finish());
}

describe.each(["channel", "send"] as const)("a client that comes over its worker's own relay, by %s", by => {
  it("reaches its session and is reached, and no packet takes a socket", async () => {
    const { world, local, join, ...made } = await open();
    const relayed = await join(1, by);
    expect(relayed.connected).toBe(true);
    const direct = await world.join(2);
    let sequence = 0;
    world.run(1_000, () => {
      relayed.sendAudio(sequence);
      direct.sendAudio(sequence++);
    });
    const heard = (client: typeof direct) => client.packets.filter(({ payload }) => payload.includes("audio")).length;
    expect(heard(direct)).toBeGreaterThan(40);
    expect(heard(relayed)).toBeGreaterThan(40);
    expect(relayed.broken).toBe(0);
    expect(local.toSessions).toBeGreaterThan(50);
    expect(local.toRelays).toBeGreaterThan(50);
    expect(local.dropped).toBe(0);
    expect(made.bySocket).toBe(0);
    expect(world.errors).toEqual([]);
  });

  it("is cut off within a second once it is revoked, and leaves nothing behind", async () => {
    const { world, server, local, join, turn } = await open();
    const relayed = await join(1, by);
    const direct = await world.join(2);
    let sequence = 0;
    const talk = (): void => {
      relayed.sendAudio(sequence);
      direct.sendAudio(sequence++);
    };
    world.run(500, talk);
    const held = world.port.held;
    server.revoke("alice", world.now / 1_000 + 600, world.now);
    world.run(1_000, talk);
    const before = [relayed, direct].map(client => client.packets.length);
    const { toSessions, toRelays } = local;
    world.run(2_000, talk);
    expect([relayed, direct].map(client => client.packets.length)).toEqual(before);
    expect([local.toSessions, local.toRelays]).toEqual([toSessions, toRelays]);
    expect(server.allocations).toBe(0);
    // The relay's path, and the path of its client.
    expect(world.port.held).toBe(held - 2);
    expect(turn.allocate()?.error).toBe(STUN_ERROR.unauthenticated);
  });
});

describe("a media port that serves TURN", () => {
  it("answers plain STUN, and leaves checks that name nobody here alone", async () => {
    const { world, turn } = await open();
    const answer = turn.plain(STUN_METHOD.binding);
    expect(answer?.class).toBe(STUN_CLASS.success);
    expect(answer?.address(STUN_ATTRIBUTE.xorMappedAddress)).toMatch(new RegExp(`^${BEHIND_NAT}:`));
    const before = turn.inbox.length;
    turn.raw(binding("nobody:else"));
    expect(turn.inbox.length).toBe(before);
    expect(world.count("stun.unknown")).toBe(1);
  });

  it("isn't a TURN server for those who come by a relay", async () => {
    const { world, server, turn, join } = await open();
    await join(1, "channel");
    const allocated = server.counters.allocated;
    const { binding: answered } = server.counters;
    const inbox = turn.inbox.length;
    turn.channelData(0x4000, binding());
    turn.channelData(0x4000, Uint8Array.of(0x40, 0, 0, 4, 1, 2, 3, 4));
    world.run(50);
    expect(turn.inbox.length).toBe(inbox);
    expect([server.counters.allocated, server.counters.binding]).toEqual([allocated, answered]);
    expect(world.count("packet.unknown")).toBe(1);
  });

  it("goes on to serve its rooms while it drains", async () => {
    const { server, turn } = await open();
    server.drain();
    expect(turn.allocate()?.class).toBe(STUN_CLASS.success);
    expect(turn.bind(0x4000, `${NODE}:${MEDIA_PORT}`)?.class).toBe(STUN_CLASS.success);
  });

  it("lets a relay reach no other port of its address", async () => {
    const { turn } = await open();
    turn.allocate();
    expect(turn.bind(0x4000, `${NODE}:${MEDIA_PORT + 1}`)?.error).toBe(STUN_ERROR.forbidden);
    expect(turn.bind(0x4000, `${NODE}:3478`)?.error).toBe(STUN_ERROR.forbidden);
  });
});
