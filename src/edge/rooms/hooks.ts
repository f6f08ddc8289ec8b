/**
 * What a room's turns have to tell webhooks, handed over once they stand.
 * @module
 */
import { type NewWebhookEvent, tellWebhooks } from "../webhooks/tell.ts";
import type { RoomContext } from "./context.ts";
import type { NewEvent } from "./events.ts";
import type { Member } from "./members.ts";

export interface Hooks {
  /** An event about `member` happened. */
  note(room: RoomContext, event: NewEvent, member: Member | undefined, now: number): void;
  /** The turn stands: tell them. */
  flush(room: RoomContext): void;
  /** The turn fell. */
  discard(): void;
}

export function createHooks(): Hooks {
  let held: NewWebhookEvent[] = [];

  return {
    note(room, event, member, now) {
      if (member === undefined || room.settings.webhooks.length === 0) return;
      const where = { at: now, room: room.id };
      const { pid, identity, kind } = member;
      const who = { ...where, pid, identity, kind };
      const alone = () => ![...room.members.all()].some(other => other.pid !== pid);
      if (event.type === "participant.joined") {
        if (alone()) held.push({ type: "room.started", ...where });
        held.push({ type: "participant.joined", ...who });
      } else if (event.type === "participant.left") {
        held.push({ type: "participant.left", ...who, reason: event.reason });
        if (alone()) held.push({ type: "room.ended", ...where });
      } else if (event.type === "source.published") {
        held.push({ type: "source.published", ...who, source: event.source });
      } else if (event.type === "source.unpublished") {
        held.push({ type: "source.unpublished", ...who, number: event.number });
      }
    },
    flush(room) {
      if (held.length === 0) return;
      const events = held;
      held = [];
      room.state.waitUntil(tellWebhooks(room.env, room.log, room.id, events));
    },
    discard() {
      held = [];
    },
  };
}
