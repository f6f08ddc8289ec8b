/**
 * Every message that a client may send after hello: what it needs, and what it does.
 * @module
 */
import type { ClientFrame, CommandType, SignalType } from "../../protocol/commands.ts";
import type { Grants } from "../../protocol/grants.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { SourceKind } from "../../protocol/names.ts";
import type { RoomContext } from "./context.ts";
import { renewServers } from "./ice.ts";
import type { Member } from "./members.ts";
import { depart } from "./membership.ts";
import { muteSource, removeMember, updateRoom } from "./moderation.ts";
import { changePhone, dial, hangUpPhone } from "./phones.ts";
import { isSilent } from "./presence.ts";
import { updateProfile } from "./profile.ts";
import { clientOffer, probeNode } from "./sessions.ts";
import { message, peerOf, relay } from "./signals.ts";
import { publish, setMuted, unpublish } from "./sources.ts";

/**
 * What a command needs. `any`: to be in the room (sources are its own only). `publish`: that kind of source. `direct`: full
 * grants, since a mesh can enforce none.
 */
export type Need = "any" | "publish" | "chat" | "data" | "profile" | "moderate" | "dial" | "direct";

/**
 * `stateful`: applied once per id, and answered. `query`: answered. `slow`: answered when somebody else has answered.
 * `signal`: answered only by an error.
 */
export type Manner = "stateful" | "query" | "slow" | "signal";

interface Command<T extends CommandType | SignalType> {
  readonly manner: Manner;
  readonly need: Need;
  /** Check, then change; nothing is changed before the last check. Returns what `ok` carries. */
  run(room: RoomContext, member: Member, frame: ClientFrame<T>, now: number): unknown;
}

/** The one table of commands. */
export const COMMANDS: { readonly [T in CommandType | SignalType]: Command<T> } = {
  leave: {
    manner: "stateful",
    need: "any",
    run: (room, member, _frame, now) => depart(room, member, "left", now),
  },
  "profile.update": { manner: "stateful", need: "profile", run: updateProfile },
  "source.publish": { manner: "stateful", need: "publish", run: publish },
  "source.update": {
    manner: "stateful",
    need: "any",
    run: (room, member, { number, muted }, now) => setMuted(room, member, number, muted, now),
  },
  "source.unpublish": {
    manner: "stateful",
    need: "any",
    run: (room, member, { number }, now) => unpublish(room, member, number, now),
  },
  "chat.send": {
    manner: "stateful",
    need: "chat",
    run(room, member, { text }, now) {
      const added = room.chat.add(member, text, now);
      room.events.append({ type: "chat.message", message: added }, member, now);
      return { message: added.id };
    },
  },
  "moderate.mute": {
    manner: "stateful",
    need: "moderate",
    run: (room, member, { number }, now) => muteSource(room, member, number, now),
  },
  "moderate.remove": {
    manner: "stateful",
    need: "moderate",
    run: (room, member, { pid, reason }, now) =>
      removeMember(room, pid === member.pid ? member : peerOf(room, member, pid), now, reason),
  },
  "room.update": {
    manner: "stateful",
    need: "moderate",
    run: (room, _member, { metadata }, now) => updateRoom(room, { metadata }, now),
  },
  "chat.history": {
    manner: "query",
    need: "chat",
    run: (room, _member, { before, limit }) => room.chat.page(before, limit),
  },
  "ice.servers": {
    manner: "slow",
    need: "any",
    run: (room, member) => renewServers(room, member.pid),
  },
  "session.offer": { manner: "slow", need: "any", run: clientOffer },
  "session.silent": {
    manner: "slow",
    need: "any",
    run: (room, _member, { epoch }, now) => probeNode(room, epoch, now),
  },
  "peer.silent": {
    manner: "query",
    need: "direct",
    run(room, member, { pid }, now) {
      const peer = peerOf(room, member, pid);
      if (isSilent(room, peer, now)) room.timers.ensure("silent", peer.pid, now + TIMES.grace);
    },
  },
  "phone.call": { manner: "slow", need: "dial", run: dial },
  "phone.update": { manner: "slow", need: "dial", run: changePhone },
  "phone.hangup": { manner: "slow", need: "dial", run: hangUpPhone },
  "peer.description": { manner: "signal", need: "direct", run: relay },
  "peer.candidates": { manner: "signal", need: "direct", run: relay },
  "peer.ack": { manner: "signal", need: "direct", run: relay },
  "peer.done": { manner: "signal", need: "direct", run: relay },
  "app.message": { manner: "signal", need: "data", run: message },
};

/** Whether `member` holds what `need` asks; `kind` is that of the source to publish. */
export function meets(member: { grants: Grants; direct: boolean }, need: Need, kind?: SourceKind): boolean {
  const { grants, direct } = member;
  switch (need) {
    case "any":
      return true;
    case "direct":
      return direct;
    case "publish":
      return kind !== undefined && grants.publish?.includes(kind) === true;
    default:
      return grants[need] === true;
  }
}
