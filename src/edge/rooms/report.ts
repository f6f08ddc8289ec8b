/**
 * Telling the directory that this room exists, how many are in it, and when it is gone.
 * @module
 */
import { reasonOf } from "../log.ts";
import { directoryStub } from "../stubs.ts";
import type { RoomContext } from "./context.ts";

const RETRY = 30_000;

/** Reports of one room, one at a time. A failed one is repeated by the timer. */
export function createReporter(room: RoomContext): () => Promise<void> {
  let tail = Promise.resolve();

  const report = async (): Promise<void> => {
    if (room.db.opened) room.turn(() => room.timers.clear("report", ""));
    const record = room.record.get();
    try {
      const directory = directoryStub(room.env, room.id);
      if (record) {
        await directory.put({ id: room.id, participants: room.members.count, createdAt: record.createdAt });
      } else {
        await directory.remove(room.id);
      }
    } catch (error) {
      room.log.warn("directory-unreachable", { reason: reasonOf(error) });
      room.turn(() => room.timers.ensure("report", "", Date.now() + RETRY));
      return;
    }
    const isEmpty = !room.record.get() && room.record.closedAt() === undefined && room.connections.count === 0;
    if (!isEmpty || !room.db.opened || room.relays.any) return;
    await room.db.clear();
    room.drop();
  };

  return () => {
    tail = tail.then(report);
    return tail;
  };
}
