import {
  type Assignment,
  type LinkCommand,
  type NodeFrame,
  type NodeParticipant,
  TandemError,
} from "../../src/protocol/index.ts";
import type { Leg } from "../gateway/leg/leg.ts";
import type { Log } from "../log.ts";
import type { MixHost } from "../mix/mix-host.ts";
import { createRoomMix, type RoomMix } from "../mix/room-mix.ts";
import { createRouter, type Router } from "../room/router.ts";
import { type ReadOffer, readOffer } from "../session/description.ts";
import { createSession } from "../session/session.ts";
import type { Session, SessionHost, SessionState } from "../session/session-contract.ts";
import { createTally, type Tally } from "../session/tally.ts";
import { type Arrivals, createArrivals } from "./arrivals.ts";
import type { Outcome } from "./messages.ts";
import { createRoomGateways, type GatewayCommand, type Gateways, type RoomGateways } from "./room-gateways.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;
type Command<T extends LinkCommand["type"]> = Extract<LinkCommand, { type: T }>;

interface Member {
  readonly participant: NodeParticipant;
  session: Session | undefined;
}

interface Room {
  readonly room: string;
  readonly life: string;
  readonly epoch: number;
  readonly router: Router;
  readonly mix: RoomMix;
  readonly gateways: RoomGateways;
  readonly members: Map<string, Member>;
  readonly arrivals: Arrivals;
}

export interface RoomsOptions {
  readonly host: SessionHost;
  readonly mixing: MixHost;
  readonly gateways: Gateways;
  readonly log: Log;
  readonly report: (frame: Frame<"session">) => void;
}

/** The rooms that a worker carries, as the edge commands. Every command may come twice. */
export interface Rooms {
  /** @throws TandemError (or rejects with one) that says why the command can't be carried out. */
  execute(command: LinkCommand, now: number): Outcome | Promise<Outcome>;
  /** Lets a call's leg in as a participant, now or when that has come. @throws TandemError (or rejects with one) */
  join(where: Assignment, pid: string, leg: Leg, now: number): Outcome | Promise<Outcome>;
  readonly sessions: number;
  inventory(): Frame<"inventory">["rooms"][number][];
  /** To be called every 20 ms or so while there is a room. */
  tick(now: number): void;
  /** Adds what sessions count and have counted. */
  count(tally: Tally): void;
  readonly size: number;
  /** Ends a session that a defect of ours has broken. */
  evict(session: Session, error: unknown, now: number): void;
  close(now: number): void;
}

export function createRooms({ host, mixing, gateways, log, report }: RoomsOptions): Rooms {
  const rooms = new Map<string, Room>();
  /** What sessions that are gone had counted. */
  const past = createTally();
  const sessions = new Set<Session>();

  /** The room of this very assignment; one of an older epoch is over, since the edge goes by a newer. */
  function find({ room, life, epoch }: Assignment, now: number): Room | undefined {
    const held = rooms.get(room);
    if (held === undefined) return undefined;
    if (held.life === life && held.epoch > epoch) throw new TandemError("wrong-state", "a newer epoch is known");
    if (held.life === life && held.epoch === epoch) return held;
    closeRoom(held, now);
    return undefined;
  }

  function need(where: Assignment, now: number): Room {
    const room = find(where, now);
    if (room === undefined) throw new TandemError("no-such-room");
    return room;
  }

  function endSession(member: Member, now: number): void {
    const { session } = member;
    if (session === undefined) return;
    member.session = undefined;
    sessions.delete(session);
    session.close(now);
    session.count(past);
  }

  function closeRoom(room: Room, now: number): void {
    rooms.delete(room.room);
    for (const member of room.members.values()) endSession(member, now);
    room.arrivals.close();
    room.gateways.close(now);
    room.mix.close(now);
    room.router.close(now);
  }

  function openRoom(command: Command<"room.open">, now: number): Outcome {
    let room = find(command, now);
    if (room === undefined) {
      const { room: name, life, epoch } = command;
      const router = createRouter();
      const mix = createRoomMix(router, mixing);
      const opened: Room = {
        ...{ room: name, life, epoch, router, mix, members: new Map(), arrivals: createArrivals() },
        gateways: createRoomGateways({
          ...{ gateways, room: name, router, mixing, host, log, past },
          onState: (pid, state) => tell(opened, pid, state),
        }),
      };
      room = opened;
      rooms.set(name, room);
    }
    room.router.mixed = command.mix === true;
    const present = new Set(command.participants.map(({ pid }) => pid));
    for (const pid of [...room.members.keys()]) if (!present.has(pid)) remove(room, pid, now);
    for (const participant of command.participants) put(room, participant, now);
    return {};
  }

  function put(room: Room, participant: NodeParticipant, now: number): void {
    const before = room.members.get(participant.pid);
    room.members.set(participant.pid, { participant, session: before?.session });
    before?.session?.update(participant, now);
    room.gateways.update(participant, now);
    room.arrivals.arrived(participant.pid, now);
  }

  function remove(room: Room, pid: string, now: number): void {
    const member = room.members.get(pid);
    if (member === undefined) return;
    room.members.delete(pid);
    room.gateways.remove(pid, now);
    endSession(member, now);
  }

  function openSession(room: Room, member: Member, { pid, offer }: Command<"session.open">, now: number): Outcome {
    const read = readOffer(offer);
    if (member.session?.continues(read)) return { answer: { sdp: member.session.reoffer(read, now) } };
    const session = startSession(room, pid, member.participant, read, now);
    // Only now: an offer that can't be answered leaves what runs alone.
    endSession(member, now);
    member.session = session;
    sessions.add(session);
    return { answer: { sdp: session.answer } };
  }

  function tell(room: Room, pid: string, state: SessionState): void {
    const { room: name, life, epoch } = room;
    report({ type: "session", room: name, life, epoch, pid, state });
  }

  function startSession(room: Room, pid: string, participant: NodeParticipant, offer: ReadOffer, now: number): Session {
    const session: Session = createSession({
      host,
      router: room.router,
      participant,
      offer,
      now,
      onState(state, at) {
        const member = room.members.get(pid);
        if (member?.session !== session) return;
        if (state === "closed") endSession(member, at);
        tell(room, pid, state);
      },
    });
    return session;
  }

  /** Does what is asked for a participant once that is there. */
  function whenPresent(
    where: Assignment,
    pid: string,
    now: number,
    work: (room: Room, member: Member, now: number) => Outcome | Promise<Outcome>,
  ): Outcome | Promise<Outcome> {
    const room = need(where, now);
    const begin = (at: number): Outcome | Promise<Outcome> => work(room, room.members.get(pid)!, at);
    return room.members.has(pid) ? begin(now) : room.arrivals.wait(pid, now, begin);
  }

  function openGateway(command: GatewayCommand, now: number): Outcome | Promise<Outcome> {
    return whenPresent(command, command.pid, now, (room, { participant }, at) =>
      room.gateways.open(command, participant, at),
    );
  }

  function join(where: Assignment, pid: string, leg: Leg, now: number): Outcome | Promise<Outcome> {
    return whenPresent(where, pid, now, (room, { participant }, at) => {
      room.gateways.join(leg, participant, at);
      return {};
    });
  }

  function end(command: Command<"session.close">, now: number): Outcome {
    const room = need(command, now);
    room.gateways.remove(command.pid, now);
    return give(room.members.get(command.pid), member => endSession(member, now));
  }

  function restart(command: Command<"session.restart">, now: number): Outcome {
    const session = need(command, now).members.get(command.pid)?.session;
    if (session === undefined) throw new TandemError("no-such-participant", "it has no session");
    return { answer: { sdp: session.restart(command.ice, now) } };
  }

  function give<T>(value: T | undefined, use: (value: T) => void): Outcome {
    if (value !== undefined) use(value);
    return {};
  }

  function execute(command: LinkCommand, now: number): Outcome | Promise<Outcome> {
    switch (command.type) {
      case "room.open":
        return openRoom(command, now);
      case "room.close":
        return give(rooms.get(command.room), room => {
          if (room.life === command.life && room.epoch <= command.epoch) closeRoom(room, now);
        });
      case "participant.put":
        return give(need(command, now), room => put(room, command.participant, now));
      case "participant.remove":
        return give(need(command, now), room => remove(room, command.pid, now));
      case "session.open":
        return whenPresent(command, command.pid, now, (room, member, at) => openSession(room, member, command, at));
      case "session.restart":
        return restart(command, now);
      case "session.close":
        return end(command, now);
      case "bot.open":
      case "rtmp.open":
      case "rtp.open":
      case "hls.open":
        return openGateway(command, now);
      case "probe":
        return give(need(command, now), () => {});
    }
  }

  function evict(session: Session, error: unknown, now: number): void {
    for (const room of rooms.values()) {
      for (const [pid, member] of room.members) {
        if (member.session !== session) continue;
        log.error("session failed", { room: room.room, pid, error: error instanceof Error ? error.stack : error });
        endSession(member, now);
        tell(room, pid, "closed");
      }
    }
  }

  return {
    execute,
    join,
    evict,
    get sessions() {
      return sessions.size;
    },
    get size() {
      return rooms.size;
    },
    inventory: () =>
      [...rooms.values()].map(({ room, life, epoch, members, gateways }) => ({
        room,
        life,
        epoch,
        sessions: [
          ...[...members].filter(([, { session }]) => session !== undefined).map(([pid]) => pid),
          ...gateways.pids,
        ],
      })),
    tick(now) {
      for (const room of rooms.values()) {
        room.router.tick(now);
        room.mix.tick(now);
        room.gateways.tick(now);
        room.arrivals.tick(now);
      }
      for (const session of sessions) {
        if (now < session.deadline) continue;
        try {
          session.tick(now);
        } catch (error) {
          evict(session, error, now);
        }
      }
    },
    count(tally) {
      tally.addAll(past);
      for (const session of sessions) session.count(tally);
      for (const { gateways } of rooms.values()) gateways.count(tally);
    },
    close(now) {
      for (const room of [...rooms.values()]) closeRoom(room, now);
    },
  };
}
