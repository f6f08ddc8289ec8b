/**
 * From a socket's frame to its effect and its answer.
 * @module
 */
import type { ClientFrame } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import { reasonOf } from "../log.ts";
import { COMMANDS, meets } from "./commands.ts";
import type { Connection } from "./connections.ts";
import type { RoomContext } from "./context.ts";
import { greet } from "./entry.ts";
import { checkFrame, checkHello, errorText, okText, openFrame, type RawFrame } from "./frames.ts";
import { COST } from "./limits.ts";
import type { Member } from "./members.ts";
import { dismiss, lose } from "./membership.ts";
import { closeSocket, sendText } from "./outbox.ts";
import { noteSign } from "./presence.ts";

type Run = (room: RoomContext, member: Member, frame: ClientFrame, now: number) => unknown;

/** Apply a stateful command once; its outcome stands in the same write as what it changed. */
function apply(
  room: RoomContext,
  connection: Connection,
  member: Member,
  frame: ClientFrame,
  now: number,
  run: Run,
): void {
  const id = frame.id ?? 0;
  const before = room.outcomes.find(member.pid, id);
  if (before === "forgotten") throw new TandemError("wrong-state", "an id counts up and is used once");
  if (before !== undefined) {
    sendText(connection.socket, before);
    return;
  }
  room.turn(() => {
    const answer = okText(id, run(room, member, frame, now));
    room.outbox.send([connection.socket], answer);
    if (room.members.get(member.pid)) room.outcomes.record(member.pid, id, answer);
    else room.outbox.close(connection.socket, 1000, "left");
  });
}

/** Answer when there is an answer, on whatever connection the member has by then. */
async function answerLater(
  room: RoomContext,
  member: Member,
  frame: ClientFrame,
  now: number,
  run: Run,
): Promise<void> {
  const id = frame.id ?? 0;
  let answer: string;
  try {
    answer = okText(id, await run(room, member, frame, now));
  } catch (error) {
    const known = error instanceof TandemError ? error : new TandemError("internal");
    if (known !== error) room.log.error("frame-failed", { type: frame.type, reason: reasonOf(error) });
    answer = errorText(known.code, known.detail, id);
  }
  const connection = room.connections.ofMember(member.pid);
  if (connection) sendText(connection.socket, answer);
}

function execute(room: RoomContext, connection: Connection, member: Member, frame: ClientFrame, now: number): void {
  const { manner, need, run } = COMMANDS[frame.type];
  if (!meets(member, need, frame.type === "source.publish" ? frame.kind : undefined)) {
    throw new TandemError("no-grant", need === "publish" && "kind" in frame ? `publish ${frame.kind}` : need);
  }
  if (manner === "signal") (run as Run)(room, member, frame, now);
  else if (manner === "stateful") apply(room, connection, member, frame, now, run as Run);
  else if (manner === "slow") room.state.waitUntil(answerLater(room, member, frame, now, run as Run));
  else {
    const result = room.turn(() => (run as Run)(room, member, frame, now));
    sendText(connection.socket, okText(frame.id ?? 0, result));
  }
}

function handle(room: RoomContext, connection: Connection, raw: RawFrame, now: number): void {
  const member = connection.pid === undefined ? undefined : room.members.get(connection.pid);
  if (raw.type === "hello") {
    if (member) throw new TandemError("wrong-state", "hello was said");
    greet(room, connection, checkHello(raw), now);
    return;
  }
  if (!member) throw new TandemError("wrong-state", "hello comes first");
  execute(room, connection, member, checkFrame(raw), now);
}

/** Errors of a frame that can't be read: worth more of the sender's budget than an ordinary refusal. */
const UNREADABLE = new Set(["bad-frame", "too-large", "bad-request", "unknown-command", "wrong-state"]);

/** Spend a connection's budget; false if there is nothing left of it, in which case that was said. */
function spend(room: RoomContext, connection: Connection, cost: number, now: number, id?: number): boolean {
  const verdict = connection.bucket.take(cost, now);
  if (verdict === "pass") return true;
  if (verdict === "refuse") {
    sendText(connection.socket, errorText("rate-limited", undefined, id));
    return false;
  }
  room.log.warn("connection-abused", { pid: connection.pid });
  room.turn(() => {
    dismiss(room, connection, "rate-limited");
    lose(room, connection.id, connection.pid, now);
  });
  return false;
}

/** A frame of a connection. Whatever is wrong with it is answered, and only abuse ends the connection. */
export function receive(room: RoomContext, connection: Connection, data: string | ArrayBuffer, now: number): void {
  noteSign(room, connection, now);
  let raw: RawFrame | undefined;
  try {
    raw = openFrame(data);
    if (!spend(room, connection, COST.frame, now, raw.id)) return;
    handle(room, connection, raw, now);
  } catch (error) {
    const known = error instanceof TandemError ? error : new TandemError("internal");
    if (known !== error) room.log.error("frame-failed", { type: raw?.type, reason: reasonOf(error) });
    // A hello that the room refuses ends the connection: there is nothing else it could say.
    if (raw?.type === "hello" && !UNREADABLE.has(known.code) && connection.pid === undefined) {
      room.turn(() => dismiss(room, connection, known.code, known.detail));
      return;
    }
    if (UNREADABLE.has(known.code) && !spend(room, connection, COST.bad, now, raw?.id)) return;
    sendText(connection.socket, errorText(known.code, known.detail, raw?.id));
  }
}

/** A socket closed, however it came about. Answers the close, which the platform leaves to us under hibernation (2026-11). */
export function closed(room: RoomContext, socket: WebSocket, code: number, reason: string, now: number): void {
  // 1005: a close without a code, which may not be sent as such. 1006: the transport is gone, there is nobody to answer.
  if (code === 1005) closeSocket(socket, 1000, "");
  else if (code !== 1006) closeSocket(socket, code, reason);
  const connection = room.connections.of(socket);
  if (connection) room.turn(() => lose(room, connection.id, connection.pid, now));
}
