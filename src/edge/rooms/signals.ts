/**
 * Signals: passed on at once, at most once, never stored.
 * @module
 */
import type { ClientFrame } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { exceedsBytes } from "../../protocol/names.ts";
import type { RoomContext } from "./context.ts";
import { type Member, maySee } from "./members.ts";
import { sendText } from "./outbox.ts";
import { allowsMesh } from "./topology.ts";

type PeerSignal = ClientFrame<"peer.description" | "peer.candidates" | "peer.ack" | "peer.done">;

/** Another participant that `sender` may know of. */
export function peerOf(room: RoomContext, sender: Member, pid: string): Member {
  const peer = room.members.get(pid);
  if (!peer || !maySee(sender, peer)) throw new TandemError("no-such-participant", pid);
  if (peer === sender) throw new TandemError("bad-request", "to: that is you");
  return peer;
}

function write(signal: object): string {
  let text: string;
  try {
    text = JSON.stringify(signal);
  } catch {
    // Parsing needs less stack than writing: arrays in arrays in arrays.
    throw new TandemError("bad-request", "nested too deeply");
  }
  if (exceedsBytes(text, LIMITS.edgeFrameBytes)) throw new TandemError("too-large", "when written out again");
  return text;
}

/** Pass a peer connection's signal to its other end. Only between two whom nobody has to hold to lesser grants. */
export function relay(room: RoomContext, sender: Member, frame: PeerSignal): void {
  const { type, to, id: _, ...body } = frame;
  const peer = peerOf(room, sender, to);
  if (!peer.direct) throw new TandemError("no-grant", "that participant's token does not allow peer connections");
  const setting = room.record.get()?.topology ?? "auto";
  if (!allowsMesh(setting)) throw new TandemError("wrong-state", `this room's topology is ${setting}`);
  const connection = room.connections.ofMember(peer.pid);
  if (!connection) throw new TandemError("peer-away", to);
  sendText(connection.socket, write({ type, from: sender.pid, ...body }));
}

/** Pass an app message to those named, or to everybody else. Those who can be reached get it, whatever of the others. */
export function message(room: RoomContext, sender: Member, frame: ClientFrame<"app.message">): void {
  const { type, to, id: _, ...body } = frame;
  const text = write({ type, from: sender.pid, direct: to !== undefined, ...body });
  if (!to) {
    for (const connection of room.connections.all()) {
      if (connection.pid && connection.pid !== sender.pid) sendText(connection.socket, text);
    }
    return;
  }
  const away: string[] = [];
  const unknown: string[] = [];
  for (const pid of new Set(to)) {
    const peer = room.members.get(pid);
    const connection = room.connections.ofMember(pid);
    if (!peer || !maySee(sender, peer)) unknown.push(pid);
    else if (!connection) away.push(pid);
    else sendText(connection.socket, text);
  }
  if (unknown.length > 0) throw new TandemError("no-such-participant", unknown.join(" "));
  if (away.length > 0) throw new TandemError("peer-away", away.join(" "));
}
