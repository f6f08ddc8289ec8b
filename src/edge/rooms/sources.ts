/** Publishing: what participants show and let hear. @module */
import type { ClientFrame } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Source } from "../../protocol/model.ts";
import { SOURCE_INDEX, type SourceKind, sourceNumber } from "../../protocol/names.ts";
import type { RoomContext } from "./context.ts";
import type { Member } from "./members.ts";

/** The first index that is not some kind's own. */
const FIRST_FREE_INDEX = 4;

/** A number for a source of `kind`: the kind's own index if it is free, else the first free one of the rest. */
function numberFor(member: Member, kind: SourceKind): number {
  const isFree = (index: number): boolean => !member.sources.has(sourceNumber(member.number, index));
  const own = SOURCE_INDEX[kind];
  if (own !== undefined && isFree(own)) return sourceNumber(member.number, own);
  for (let index = FIRST_FREE_INDEX; index < LIMITS.sources; index++) {
    if (isFree(index)) return sourceNumber(member.number, index);
  }
  throw new TandemError("too-many-sources");
}

/** A member's own source. */
function own(member: Member, number: number): Source {
  const source = member.sources.get(number);
  if (!source) throw new TandemError("no-such-source");
  return source;
}

export function publish(
  room: RoomContext,
  member: Member,
  frame: Pick<ClientFrame<"source.publish">, "kind" | "muted" | "name">,
  now: number,
) {
  const source: Source = { number: numberFor(member, frame.kind), kind: frame.kind, muted: frame.muted };
  if (frame.name !== undefined) source.name = frame.name;
  room.members.putSource(member, source);
  room.events.append({ type: "source.published", pid: member.pid, source }, member, now);
  return { number: source.number };
}

/** Mute or unmute; `by` is the moderator, if it is not the holder. */
export function setMuted(
  room: RoomContext,
  holder: Member,
  number: number,
  muted: boolean,
  now: number,
  by?: Member,
): void {
  const source = own(holder, number);
  if (source.muted === muted) return;
  room.members.putSource(holder, { ...source, muted });
  const change = { type: "source.updated", number, muted } as const;
  room.events.append(by ? { ...change, by: by.pid } : change, holder, now);
}

export function unpublish(room: RoomContext, member: Member, number: number, now: number): void {
  own(member, number);
  room.members.removeSource(member, number);
  room.events.append({ type: "source.unpublished", number }, member, now);
}
