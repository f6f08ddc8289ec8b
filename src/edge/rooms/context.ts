/**
 * What every part of a room works with. The Durable Object's class only hands the platform's calls to it.
 * @module
 */
import { createLog, type Log } from "../log.ts";
import { type Settings, settingsOf } from "../settings.ts";
import { createDatabase, type Database } from "../storage/database.ts";
import { roomIdOf } from "../stubs.ts";
import type { RelayNode } from "../turn/nearest.ts";
import { type AssignmentStore, createAssignmentStore } from "./assignment.ts";
import { type Chat, createChat } from "./chat.ts";
import { type Connections, createConnections } from "./connections.ts";
import { createEvents, type Events } from "./events.ts";
import { createHooks } from "./hooks.ts";
import { createLifeStore, type LifeStore } from "./life.ts";
import { createMembers, type Members } from "./members.ts";
import { createMirror } from "./mirror.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createOutcomes, type Outcomes } from "./outcomes.ts";
import { createRecordStore, type RecordStore } from "./record.ts";
import { createRelays, type Relays } from "./relays.ts";
import { ROOM_MIGRATIONS } from "./schema.ts";
import { createTimers, type Timers } from "./timers.ts";

export interface RoomContext {
  readonly id: string;
  readonly env: Cloudflare.Env;
  readonly state: DurableObjectState;
  readonly settings: Settings;
  readonly log: Log;
  readonly db: Database;
  readonly record: RecordStore;
  readonly life: LifeStore;
  readonly members: Members;
  readonly connections: Connections;
  readonly events: Events;
  readonly chat: Chat;
  readonly outcomes: Outcomes;
  readonly timers: Timers;
  readonly outbox: Outbox;
  readonly assignment: AssignmentStore;
  readonly relays: Relays;
  /** When the node was last probed, as far as this instance knows. */
  probedAt: number;
  /** The search for a node that is under way. */
  placing: Promise<void> | undefined;
  /** The nodes that relay, as the fleet said last. */
  fleet: { readonly at: number; readonly nodes: Promise<readonly RelayNode[]> } | undefined;
  /**
   * Do `work` as one: its writes stand together or not at all, and what it has to say is said once they do. If it throws,
   * the copies in memory are dropped with the writes, and the error passes.
   */
  turn<T>(work: () => T): T;
  /** Forget what is held in memory; the tables are the truth. */
  drop(): void;
}

export function createContext(state: DurableObjectState, env: Cloudflare.Env): RoomContext {
  const id = roomIdOf(state.id);
  const settings = settingsOf(env);
  const db = createDatabase(state.storage, ROOM_MIGRATIONS);
  const members = createMembers(db);
  const connections = createConnections(state, db, settings);
  const outbox = createOutbox();
  const mirror = createMirror();
  const hooks = createHooks();
  const timers = createTimers(db, state.storage);
  const events = createEvents(db, members, connections, outbox);
  const room: RoomContext = {
    id,
    env,
    state,
    settings,
    log: createLog(env.LOG_LEVEL, { room: id }),
    db,
    record: createRecordStore(db),
    life: createLifeStore(db),
    members,
    connections,
    events: {
      ...events,
      get seq() {
        return events.seq;
      },
      append(event, subject, now) {
        events.append(event, subject, now);
        mirror.note(event, subject);
        hooks.note(room, event, subject, now);
      },
    },
    chat: createChat(db),
    outcomes: createOutcomes(db),
    timers,
    outbox,
    assignment: createAssignmentStore(db),
    relays: createRelays(db, due => timers.set("revoke", "", due)),
    probedAt: 0,
    placing: undefined,
    fleet: undefined,
    turn(work) {
      try {
        const result = state.storage.transactionSync(work);
        room.timers.arm();
        db.settle();
        outbox.flush();
        mirror.flush(room);
        hooks.flush(room);
        room.relays.flush(room);
        return result;
      } catch (error) {
        outbox.discard();
        mirror.discard();
        hooks.discard();
        room.relays.discard();
        if (db.dirty) room.drop();
        db.settle();
        throw error;
      }
    },
    drop() {
      for (const store of [room.record, room.life, members, connections, room.events, room.timers, room.assignment])
        store.drop();
    },
  };
  return room;
}
