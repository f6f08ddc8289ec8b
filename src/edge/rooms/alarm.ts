/** What happens when the alarm rings. @module */
import { reasonOf } from "../log.ts";
import type { RoomContext } from "./context.ts";
import { dismiss } from "./membership.ts";
import { endLife, expireRecord } from "./moderation.ts";
import { settle } from "./placement.ts";
import { endGrace, judgeSilent, sweep } from "./presence.ts";
import type { Timer, TimerKind } from "./timers.ts";

/** A timer that failed is tried again after this time: at once, and the alarm would never rest. */
const RETRY = 60_000;

function run(room: RoomContext, { kind, subject }: Timer, now: number): void {
  switch (kind) {
    case "hello": {
      const connection = room.connections.get(subject);
      if (connection && connection.pid === undefined) dismiss(room, connection, "hello-timeout");
      break;
    }
    case "grace":
      endGrace(room, subject, now);
      break;
    case "silent":
      judgeSilent(room, subject, now);
      break;
    case "sweep":
      sweep(room, now);
      break;
    case "forget":
      endLife(room);
      break;
    case "expire":
      expireRecord(room, now);
      break;
    case "settle":
      settle(room, now);
      break;
    case "report":
    case "place":
    case "release":
    case "retell":
    case "revoke":
      break;
  }
}

/** Timers whose work asks other objects: it is the caller's to do, after the turn. */
const SLOW: ReadonlySet<TimerKind> = new Set(["report", "place", "release", "retell", "revoke"]);

/** Run the timers that are due, each by itself; returns those whose work is left to do. */
export function runTimers(room: RoomContext, now: number): Timer[] {
  const left: Timer[] = [];
  for (const timer of room.timers.due(now)) {
    const { kind, subject } = timer;
    try {
      room.turn(() => {
        room.timers.clear(kind, subject);
        run(room, timer, now);
      });
      if (SLOW.has(kind)) left.push(timer);
    } catch (error) {
      room.log.error("timer-failed", { kind, reason: reasonOf(error) });
      room.turn(() => room.timers.set(kind, subject, now + RETRY));
    }
  }
  return left;
}
