/**
 * The room of the contract, in memory and in virtual time: what the SDK is held against. It keeps what the real one keeps
 * (events by `seq`, outcomes by `pid` and `id`) and no more.
 * @module
 */

import type { RoomEvent } from "../../../protocol/events.ts";
import { HOST_GRANTS } from "../../../protocol/grants.ts";
import type { ChatMessage, Participant, Source, Topology } from "../../../protocol/model.ts";
import { SOURCE_INDEX, sourceNumber } from "../../../protocol/names.ts";
import { PING, PONG, RESUME_PREFIX } from "../../../protocol/version.ts";
import type { ServerEnd } from "./wire.ts";

type Frame = Record<string, unknown> & { type: string; id?: number };
// Events are made here in the shape of the contract; the SDK under test is what validates them.
type EventBody = Record<string, unknown> & { type: RoomEvent["type"] };

interface Member {
  participant: Participant;
  end: ServerEnd | undefined;
  outcomes: Map<number, Frame>;
}

export interface ModelRoom {
  accept(end: ServerEnd): void;
  readonly events: RoomEvent[];
  readonly chat: ChatMessage[];
  participants(): Participant[];
  /** Commands as applied: exactly one entry for each that had an effect. */
  readonly applied: { pid: string; id: number; type: string }[];
  /** Frames as received, in order. */
  readonly received: (Frame & { pid: string })[];
  event(body: EventBody): void;
  /** Forget somebody: its resume will be refused. */
  forget(pid: string): void;
  /** Begin another life with nobody in it. */
  renew(): void;
  /** End a participant's connection with an error of the table. */
  end(pid: string, frame: { code: string; retryable: boolean }, close: number): void;
  /** Send any frame. */
  send(pid: string, frame: object): void;
  topology: Topology;
  /** Milliseconds that the servers' credentials last, if they end. */
  iceServersTtl: number | undefined;
  /** Events kept for replay, entries of a page. */
  replay: number;
  pageSize: number;
  /** Refuse everybody who comes, with this. */
  refusal: { code: string; retryable: boolean; close: number } | undefined;
  /** Whether commands are carried out and answered. */
  deaf: boolean;
}

/** Make a room with nobody in it. */
export function createModelRoom(clock: () => number): ModelRoom {
  const members = new Map<string, Member>();
  let life = 1;
  let joins = 0;
  let seq = 0;
  const now = (): number => Math.floor(clock());
  const lifeId = (): string => `life-${String(life).padStart(4, "0")}`;

  const ttl = () => room.iceServersTtl !== undefined && { iceServersTtl: room.iceServersTtl };
  const send = (end: ServerEnd | undefined, frame: object): void => end?.send(JSON.stringify(frame));
  const error = (code: string, retryable: boolean, id?: number): Frame => ({
    type: "error",
    code,
    message: code,
    retryable,
    ...(id !== undefined && { id }),
  });
  const refuse = (end: ServerEnd, code: string, retryable: boolean, close: number): void => {
    send(end, error(code, retryable));
    end.close(close);
  };

  const event = (body: EventBody): void => {
    const full = { ...body, seq: ++seq, at: now() } as unknown as RoomEvent;
    room.events.push(full);
    for (const member of members.values()) send(member.end, full);
  };

  const join = (identity: string): Member => {
    joins++;
    for (const [pid, member] of members) if (member.participant.identity === identity) leave(pid, "replaced");
    const participant: Participant = {
      pid: `p_${String(joins).padStart(8, "0")}`,
      number: joins,
      identity,
      name: identity,
      kind: "client",
      state: "here",
      moderator: true,
      direct: true,
      joinedAt: now(),
      sources: [],
    };
    const member: Member = { participant, end: undefined, outcomes: new Map() };
    members.set(participant.pid, member);
    event({ type: "participant.joined", participant });
    return member;
  };

  const leave = (pid: string, reason: string): void => {
    const member = members.get(pid);
    if (!members.delete(pid)) return;
    member?.end?.close(1000);
    event({ type: "participant.left", pid, reason });
  };

  const publish = (member: Member, frame: Frame): Frame => {
    const kind = frame.kind as Source["kind"];
    const taken = new Set(member.participant.sources.map(source => source.number % 16));
    let index = SOURCE_INDEX[kind as keyof typeof SOURCE_INDEX] ?? 4;
    if (taken.has(index)) index = 4;
    while (taken.has(index)) index++;
    const number = sourceNumber(member.participant.number, index);
    const source: Source = { number, kind, muted: frame.muted === true };
    member.participant = { ...member.participant, sources: [...member.participant.sources, source] };
    event({ type: "source.published", pid: member.participant.pid, source });
    return { type: "ok", id: frame.id as number, result: { number } };
  };

  const changeSources = (number: unknown, change: (source: Source) => Source[]): void => {
    for (const member of members.values()) {
      const sources = member.participant.sources.flatMap(source =>
        source.number === number ? change(source) : [source],
      );
      member.participant = { ...member.participant, sources };
    }
  };

  const apply = (member: Member, frame: Frame): Frame => {
    const { pid, identity, name } = member.participant;
    const ok: Frame = { type: "ok", id: frame.id as number };
    room.applied.push({ pid, id: frame.id as number, type: frame.type });
    switch (frame.type) {
      case "chat.send": {
        const message = { id: room.chat.length + 1, pid, identity, name, text: frame.text as string, at: now() };
        room.chat.push(message);
        event({ type: "chat.message", message });
        return { ...ok, result: { message: message.id } };
      }
      case "profile.update":
        member.participant = { ...member.participant, name: frame.name as string };
        event({ type: "participant.updated", pid, name: frame.name });
        return ok;
      case "source.publish":
        return publish(member, frame);
      case "source.update":
      case "moderate.mute": {
        const muted = frame.type === "moderate.mute" || frame.muted === true;
        changeSources(frame.number, source => [{ ...source, muted }]);
        event({
          type: "source.updated",
          number: frame.number,
          muted,
          ...(frame.type === "moderate.mute" && { by: pid }),
        });
        return ok;
      }
      case "source.unpublish":
        changeSources(frame.number, () => []);
        event({ type: "source.unpublished", number: frame.number });
        return ok;
      case "ice.servers":
        return { ...ok, result: { iceServers: [{ urls: ["stun:fresh.example"] }], ...ttl() } };
      case "leave":
        return ok;
    }
    return error("unknown-command", false, frame.id);
  };

  const relay = (from: string, { id, to, ...frame }: Frame): void => {
    const recipients = [to].flat() as string[];
    for (const pid of to === undefined ? [...members.keys()].filter(pid => pid !== from) : recipients) {
      const end = members.get(pid)?.end;
      const direct = frame.type === "app.message" ? { direct: to !== undefined } : {};
      if (end) send(end, { ...frame, ...direct, from });
      else send(members.get(from)?.end, error("peer-away", true, id));
    }
  };

  const handle = (member: Member, frame: Frame): void => {
    const { pid } = member.participant;
    room.received.push({ ...frame, pid });
    if (room.deaf) return;
    if (frame.type.startsWith("peer.") || frame.type === "app.message") {
      relay(pid, frame);
      return;
    }
    const id = frame.id as number;
    let outcome = member.outcomes.get(id);
    if (!outcome) {
      outcome = apply(member, frame);
      member.outcomes.set(id, outcome);
    }
    send(member.end, outcome);
    if (frame.type === "leave") leave(pid, "left");
  };

  const pages = (end: ServerEnd, type: "snapshot" | "replay", lists: Record<string, readonly unknown[]>): void => {
    const size = room.pageSize;
    const parts = Math.max(1, ...Object.values(lists).map(list => Math.ceil(list.length / size)));
    for (let part = 0; part < parts; part++) {
      const slices = Object.entries(lists).map(([name, list]) => [name, list.slice(part * size, (part + 1) * size)]);
      send(end, { type, part, last: part === parts - 1, ...Object.fromEntries(slices) });
    }
  };

  const greet = (end: ServerEnd, member: Member, resumed: boolean, hello: Frame): void => {
    const { pid } = member.participant;
    member.end?.close(4416);
    member.end = undefined;
    if (member.participant.state !== "here") setState(member, "here");
    const from = hello.resume as { life: string; seq: number } | undefined;
    end.onMessage = text => {
      if (text === PING) end.send(PONG);
      else if (members.get(pid) === member) handle(member, JSON.parse(text));
    };
    end.onClose = () => {
      if (member.end !== end) return;
      member.end = undefined;
      if (members.get(pid) === member) setState(member, "away");
    };
    send(end, {
      type: "welcome",
      features: [],
      you: { ...member.participant, grants: HOST_GRANTS },
      room: { id: "model", life: lifeId(), maxParticipants: 100, topology: room.topology },
      resume: `${lifeId()}/${pid}`,
      resumed,
      seq,
      iceServers: [{ urls: ["stun:first.example"] }],
      ...ttl(),
      ping: 10_000,
      grace: 15_000,
    });
    const missed = from ? room.events.filter(event => event.seq > from.seq) : [];
    if (resumed && from?.life === lifeId() && seq - from.seq <= room.replay) pages(end, "replay", { events: missed });
    else pages(end, "snapshot", { participants: room.participants(), chat: room.chat.slice(-50) });
    member.end = end;
  };

  const setState = (member: Member, state: "here" | "away"): void => {
    member.participant = { ...member.participant, state };
    event({ type: "participant.updated", pid: member.participant.pid, state });
  };

  const room: ModelRoom = {
    accept(end) {
      const credential = end.protocols[1] ?? "";
      end.onMessage = text => {
        if (room.refusal) return refuse(end, room.refusal.code, room.refusal.retryable, room.refusal.close);
        const hello = JSON.parse(text) as Frame;
        if (!credential.startsWith(RESUME_PREFIX))
          return greet(end, join(credential.split(".")[1] ?? ""), false, hello);
        const [of, pid = ""] = credential.slice(RESUME_PREFIX.length).split("/");
        const member = of === lifeId() ? members.get(pid) : undefined;
        if (member) greet(end, member, true, hello);
        else refuse(end, "resume-refused", false, 4417);
      };
    },
    events: [],
    chat: [],
    participants: () => [...members.values()].map(member => member.participant),
    applied: [],
    received: [],
    event,
    forget: pid => leave(pid, "vanished"),
    renew() {
      for (const member of members.values()) member.end?.close(1006);
      members.clear();
      life++;
      seq = 0;
      room.events.length = 0;
      room.chat.length = 0;
    },
    end(pid, frame, close) {
      const end = members.get(pid)?.end;
      if (end) refuse(end, frame.code, frame.retryable, close);
    },
    send: (pid, frame) => send(members.get(pid)?.end, frame),
    topology: { setting: "auto", current: "mesh", reason: "few" },
    iceServersTtl: undefined,
    replay: 1_000,
    pageSize: 3,
    refusal: undefined,
    deaf: false,
  };
  return room;
}
