/**
 * The client's copy of the room: a snapshot, then every event after it once and in order.
 * @module
 */
import type { RoomEvent } from "../../protocol/events.ts";
import type { Replay, Snapshot, Welcome } from "../../protocol/frames.ts";
import type { ChatMessage, Participant } from "../../protocol/model.ts";
import type { Failure } from "./failure.ts";
import type { RoomModel, Status } from "./model.ts";
import { readFrame } from "./parse.ts";
import { joinChat, reduce } from "./reduce.ts";
import { createStore, type Store, type WritableStore } from "./store.ts";

export interface Replica {
  /** There once the first snapshot was complete. */
  readonly store: Store<RoomModel> | undefined;
  /** Where it stands: what to resume from. */
  readonly position: { life: string; seq: number } | undefined;
  /** Pages follow, of a snapshot or of what was missed. `fresh`: we are somebody new to the room. */
  welcome(frame: Welcome): "resumed" | "fresh";
  /**
   * Take a page; nothing of a snapshot shows before its last one, which brings what the welcome was. `broken`: not a page
   * that the contract has here.
   */
  page(frame: Snapshot | Replay): "more" | "resumed" | "fresh" | "broken";
  /** Apply an event unless it has been. */
  apply(event: RoomEvent): void;
  /** Set the status; false if it was so already. */
  status(status: Status, error?: Failure): boolean;
}

interface Arrival {
  readonly welcome: Welcome;
  readonly fresh: boolean;
  readonly participants: Participant[];
  readonly chat: ChatMessage[];
  parts: number;
}

const byNumber = (a: { number: number }, b: { number: number }): number => a.number - b.number;

function modelOf({ welcome, participants, chat }: Arrival, before: RoomModel | undefined): RoomModel {
  const { you, room, iceServers, iceServersTtl } = welcome;
  const { id, life, topology, maxParticipants, metadata } = room;
  chat.sort((a, b) => a.id - b.id);
  for (const { sources } of [you, ...participants]) sources.sort(byNumber);
  return {
    status: before?.status ?? "connecting",
    id,
    life,
    you,
    participants: participants.filter(({ pid }) => pid !== you.pid).sort(byNumber),
    chat: before?.life === life ? joinChat(before.chat, chat) : chat,
    topology,
    maxParticipants,
    iceServers,
    iceServersTtl,
    ...(metadata !== undefined && { metadata }),
  };
}

/** Make a replica; `applied` hears of every event, after the store holds it. */
export function createReplica(applied: (event: RoomEvent) => void): Replica {
  let store: WritableStore<RoomModel> | undefined;
  // All events up to here have been applied.
  let seq = 0;
  let arrival: Arrival | undefined;

  const apply = (event: RoomEvent): void => {
    if (!store || event.seq <= seq) return;
    seq = event.seq;
    store.set(reduce(store.get(), event));
    applied(event);
  };

  const snapshot = (frame: Snapshot, into: Arrival): void => {
    into.participants.push(...frame.participants);
    into.chat.push(...frame.chat);
    if (!frame.last) return;
    const model = modelOf(into, store?.get());
    if (store) store.set(model);
    else store = createStore(model);
  };

  const replay = (frame: Replay, into: Arrival): void => {
    for (const value of frame.events) {
      const read = readFrame(value);
      if (read.kind === "event") apply(read.frame);
    }
    if (!frame.last || !store) return;
    const { iceServers, iceServersTtl } = into.welcome;
    store.set({ ...store.get(), iceServers, iceServersTtl });
  };

  return {
    get store() {
      return store;
    },
    get position() {
      return store && { life: store.get().life, seq };
    },
    welcome(frame) {
      const fresh = !frame.resumed || frame.you.pid !== store?.get().you.pid;
      arrival = { welcome: frame, fresh, participants: [], chat: [], parts: 0 };
      return fresh ? "fresh" : "resumed";
    },
    page(frame) {
      if (!arrival || frame.part !== arrival.parts++) return "broken";
      if (frame.type === "snapshot") snapshot(frame, arrival);
      else if (arrival.fresh) return "broken";
      else replay(frame, arrival);
      if (!frame.last) return "more";
      const { welcome, fresh } = arrival;
      arrival = undefined;
      // Past events that were not for us, too; and another life counts from its own start.
      seq = welcome.seq;
      return fresh ? "fresh" : "resumed";
    },
    apply,
    status(status, error) {
      const model = store?.get();
      if (!store || !model || model.status === status) return false;
      store.set({ ...model, status, ...(error && { error }) });
      return true;
    },
  };
}
