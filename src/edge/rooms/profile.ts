/** Names, metadata and attributes, as deltas. @module */
import type { ClientFrame } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { profileFits } from "../../protocol/tokens.ts";
import type { RoomContext } from "./context.ts";
import type { NewEvent } from "./events.ts";
import type { Member } from "./members.ts";

/**
 * Metadata and attributes share one bound.
 * @throws TandemError `too-large`
 */
export function checkProfile(metadata: string | undefined, attributes: Readonly<Record<string, string>>): void {
  if (!profileFits(metadata, attributes)) {
    throw new TandemError("too-large", `metadata and attributes: at most ${LIMITS.profileBytes} bytes together`);
  }
  if (Object.keys(attributes).length > LIMITS.attributes) {
    throw new TandemError("too-large", `attributes: at most ${LIMITS.attributes}`);
  }
}

export function updateProfile(
  room: RoomContext,
  member: Member,
  frame: Pick<ClientFrame<"profile.update">, "name" | "metadata" | "attributes">,
  now: number,
) {
  const event: Extract<NewEvent, { type: "participant.updated" }> = { type: "participant.updated", pid: member.pid };
  const attributes = new Map(Object.entries(member.attributes));
  const changes: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(frame.attributes ?? {})) {
    if ((attributes.get(key) ?? null) === value) continue;
    changes[key] = value;
    if (value === null) attributes.delete(key);
    else attributes.set(key, value);
  }
  if (Object.keys(changes).length > 0) event.attributes = changes;
  if (frame.name !== undefined && frame.name !== member.name) event.name = frame.name;
  if (frame.metadata !== undefined && frame.metadata !== member.metadata) event.metadata = frame.metadata;
  const next = Object.fromEntries(attributes);
  checkProfile(frame.metadata ?? member.metadata, next);
  if (Object.keys(event).length === 2) return;
  member.attributes = next;
  if (event.name !== undefined) member.name = event.name;
  if (event.metadata !== undefined) member.metadata = event.metadata;
  room.members.save(member);
  room.events.append(event, member, now);
}
