/** What happens when the alarm rings. @module */
import type { RoomContext } from "./context.ts";
import { dismiss } from "./membership.ts";
import { endLife, expireRecord } from "./moderation.ts";
import { endGrace, judgeSilent, sweep } from "./presence.ts";

/** Run the timers that are due; true if the directory is to be told something. */
export function runTimers(room: RoomContext, now: number): boolean {
  return room.turn(() => {
    let report = false;
    for (const { kind, subject } of room.timers.take(now)) {
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
        case "report":
          report = true;
          break;
      }
    }
    return report;
  });
}
