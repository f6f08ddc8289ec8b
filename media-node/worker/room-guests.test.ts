import { describe, expect, it } from "vitest";
import type { BotAudio } from "../../src/protocol/index.ts";
import { type Bot, createBot } from "../gateway/bot/bot.ts";
import type { BotGuest } from "../gateway/bot/door.ts";
import { createLog } from "../log.ts";
import { NO_MIXING } from "../mix/mix-host.ts";
import { createRouter } from "../room/router.ts";
import { createRoomGuests, type Guest } from "./room-guests.ts";
import { createWorld, participantOf, pidOf } from "./testing/model-world.ts";

const AUDIO = { hear: "mix", speak: true, rate: 48_000 } as const;

function setUp() {
  const guests = new Map<string, BotGuest>();
  const states: string[] = [];
  const router = createRouter();
  const bots = createRoomGuests<Bot, BotAudio>({
    setting: "bot-listen",
    door: {
      url: "ws://node.test/",
      expect: (token, guest) => void guests.set(token, guest),
      forget: token => void guests.delete(token),
    },
    create: (participant, audio, now, told) =>
      createBot({ router, mixing: NO_MIXING, participant, audio, now, onState: told }),
    onState: (pid, state) => states.push(`${pid} ${state}`),
    log: createLog("error", {}, () => {}),
  });
  return { bots, guests, states, router };
}

describe("guests of a room", () => {
  it("have a door each, which is shut when they are removed, replaced, late, or the room closes", () => {
    const { bots, guests, states, router } = setUp();
    const first = bots.open(participantOf(1), AUDIO, 0);
    expect(first).toEqual({ url: "ws://node.test/", token: expect.stringMatching(/^[\w-]{32}$/) });
    const second = bots.open(participantOf(1), AUDIO, 0);
    expect([...guests.keys()]).toEqual([second.token]);
    const other = bots.open(participantOf(2), AUDIO, 10_000);
    expect([...bots.pids]).toEqual([pidOf(1), pidOf(2)]);
    bots.tick(31_000);
    expect([...guests.keys()]).toEqual([other.token]);
    expect(states).toEqual([`${pidOf(1)} closed`]);
    bots.remove(pidOf(2), 32_000);
    bots.remove(pidOf(2), 32_000);
    bots.open(participantOf(3), AUDIO, 32_000);
    bots.close(33_000);
    expect([guests.size, router.sources.size, [...bots.pids].length, states.length]).toEqual([0, 0, 0, 1]);
  });

  it("are told to the edge like sessions", async () => {
    const { bots, guests, states } = setUp();
    const { token } = bots.open(participantOf(1), AUDIO, 0);
    const channel = {
      unread: 0,
      heardAt: 0,
      sendText() {},
      sendPcm() {},
      ping() {},
      pause() {},
      resume() {},
      close() {},
    };
    const guest = guests.get(token);
    guest?.connected(channel, 0);
    guest?.disconnected(1);
    expect(states).toEqual([`${pidOf(1)} connected`, `${pidOf(1)} closed`]);
  });

  it("that meet a defect of ours are ended, and no other", () => {
    const errors: string[] = [];
    const states: string[] = [];
    const ended: string[] = [];
    const guests = createRoomGuests<Guest, boolean>({
      ...{ setting: "bot-listen", door: { url: "", expect() {}, forget: token => void ended.push(token) } },
      create: (_, isBroken) => ({
        update() {},
        tick() {
          if (isBroken) throw new Error("a defect");
        },
        close() {},
      }),
      onState: (pid, state) => states.push(`${pid} ${state}`),
      log: createLog("error", {}, line => errors.push(line)),
    });
    const { token } = guests.open(participantOf(1), true, 0);
    guests.open(participantOf(2), false, 0);
    guests.tick(20);
    guests.tick(40);
    expect([...guests.pids]).toEqual([pidOf(2)]);
    expect([states, ended, errors.length]).toEqual([[`${pidOf(1)} closed`], [token], 1]);
  });

  it("are refused where the node has no door", async () => {
    const world = createWorld();
    await world.command({ type: "room.open", participants: [] });
    // The participant may come later than what is asked for it.
    const opened = world.command({ type: "bot.open", pid: pidOf(1), audio: AUDIO });
    await Promise.all([
      expect(opened).rejects.toMatchObject({ code: "node-setting", detail: "bot-listen" }),
      world.command({ type: "participant.put", participant: participantOf(1) }),
    ]);
    const encoder = world.command({ type: "rtmp.open", pid: pidOf(1) });
    await expect(encoder).rejects.toMatchObject({ code: "node-setting", detail: "rtmp-listen" });
    expect(world.worker.rooms()[0]?.sessions).toEqual([]);
  });
});
