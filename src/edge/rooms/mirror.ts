/**
 * What the media node must know of participants, told after every turn that changed some of it.
 * @module
 */
import type { NodeParticipant } from "../../protocol/link.ts";
import { nodeStub } from "../stubs.ts";
import type { RoomContext } from "./context.ts";
import type { NewEvent } from "./events.ts";
import type { Member } from "./members.ts";

/** Events after which the node's picture of their subject is out of date. */
const CONCERN: ReadonlySet<NewEvent["type"]> = new Set([
  "participant.joined",
  "participant.left",
  "source.published",
  "source.updated",
  "source.unpublished",
]);

export interface Mirror {
  /** An event about `member` happened. */
  note(event: NewEvent, member: Member | undefined): void;
  /** The turn stands: tell the node. */
  flush(room: RoomContext): void;
  /** The turn fell. */
  discard(): void;
}

/** A participant as the node sees it. */
export const nodeViewOf = ({ pid, number, grants, sources }: Member): NodeParticipant => ({
  pid,
  number,
  grants,
  sources: [...sources.values()],
});

export function createMirror(): Mirror {
  let touched = new Set<string>();
  return {
    note(event, member) {
      if (member && CONCERN.has(event.type)) touched.add(member.pid);
    },
    flush(room) {
      if (touched.size === 0) return;
      const pids = touched;
      touched = new Set();
      const assignment = room.assignment.get();
      const life = room.life.get();
      if (!assignment || assignment.lost || !life) return;
      const where = { room: room.id, life: life.id, epoch: assignment.epoch };
      const stub = nodeStub(room.env, assignment.node);
      for (const pid of pids) {
        const member = room.members.get(pid);
        // A refusal needs no answer: a node that returns is told everything anew.
        room.state.waitUntil(
          member
            ? stub.execute({ type: "participant.put", ...where, participant: nodeViewOf(member) })
            : stub.execute({ type: "participant.remove", ...where, pid }),
        );
      }
    },
    discard() {
      touched = new Set();
    },
  };
}
