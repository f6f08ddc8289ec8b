import { randomBytes } from "node:crypto";
import { type BotAudio, type BotEntrance, type NodeParticipant, TandemError } from "../../src/protocol/index.ts";
import { type Bot, createBot } from "../gateway/bot/bot.ts";
import type { BotDoor } from "../gateway/bot/door.ts";
import type { MixHost } from "../mix/mix-host.ts";
import type { Router } from "../room/router.ts";

export interface RoomBotsOptions {
  readonly router: Router;
  readonly mixing: MixHost;
  /** Absent: no program comes in here. */
  readonly door: BotDoor | undefined;
  readonly onState: (pid: string, state: "connected" | "closed") => void;
}

/** The programs in a room, by their participants' ids. */
export interface RoomBots {
  /** Opens a door; the one that the participant had before is shut. @throws TandemError `node-setting` */
  open(participant: NodeParticipant, audio: BotAudio, now: number): BotEntrance;
  update(participant: NodeParticipant, now: number): void;
  remove(pid: string, now: number): void;
  readonly pids: Iterable<string>;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  close(now: number): void;
}

interface Guest {
  readonly bot: Bot;
  readonly token: string;
}

/** Close codes of the error table. */
const GONE = [4421, "no-such-participant"] as const;
const ROOM_CLOSED = [4419, "room-closed"] as const;

export function createRoomBots({ router, mixing, door, onState }: RoomBotsOptions): RoomBots {
  const guests = new Map<string, Guest>();

  function end(pid: string, now: number, [code, reason]: readonly [number, string]): void {
    const guest = guests.get(pid);
    if (guest === undefined) return;
    guests.delete(pid);
    door?.forget(guest.token);
    guest.bot.close(now, code, reason);
  }

  return {
    open(participant, audio, now) {
      if (door === undefined) throw new TandemError("node-setting", "bot-listen");
      const { pid } = participant;
      end(pid, now, GONE);
      const token = randomBytes(24).toString("base64url");
      const bot = createBot({
        ...{ router, mixing, participant, audio, now },
        onState(state) {
          if (guests.get(pid)?.bot !== bot) return;
          if (state === "closed") {
            guests.delete(pid);
            door.forget(token);
          }
          onState(pid, state);
        },
      });
      guests.set(pid, { bot, token });
      door.expect(token, bot);
      return { url: door.url, token };
    },
    update: (participant, now) => guests.get(participant.pid)?.bot.update(participant, now),
    remove: (pid, now) => end(pid, now, GONE),
    get pids() {
      return guests.keys();
    },
    tick(now) {
      for (const { bot } of guests.values()) bot.tick(now);
    },
    close(now) {
      for (const pid of [...guests.keys()]) end(pid, now, ROOM_CLOSED);
    },
  };
}
