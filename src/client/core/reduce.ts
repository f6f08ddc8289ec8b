/**
 * Events → model, pure. A delta that changes nothing returns the same reference, and what an event doesn't touch keeps its.
 * @module
 */
import type { RoomEvent } from "../../protocol/events.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { ChatMessage, Participant, Source } from "../../protocol/model.ts";
import { participantOf } from "../../protocol/names.ts";
import type { RoomModel } from "./model.ts";

/** `list` with `item` in place of its namesake, or inserted, in order of number. */
function put<T extends { number: number }>(list: readonly T[], item: T): T[] {
  const others = list.filter(other => other.number !== item.number);
  const at = others.findIndex(other => other.number > item.number);
  return at < 0 ? [...others, item] : others.toSpliced(at, 0, item);
}

type Change = <P extends Participant>(participant: P) => P;

/** Change the participant for which `is` holds, be it ourselves or another. */
function change(model: RoomModel, is: (participant: Participant) => boolean, by: Change): RoomModel {
  if (is(model.you)) {
    const you = by(model.you);
    return you === model.you ? model : { ...model, you };
  }
  const old = model.participants.find(is);
  const changed = old && by(old);
  if (!changed || changed === old) return model;
  return { ...model, participants: model.participants.map(other => (other === old ? changed : other)) };
}

const updated =
  (event: RoomEvent<"participant.updated">): Change =>
  participant => {
    const { name, metadata, state, attributes: changes } = event;
    const next = { ...participant };
    if (name !== undefined) next.name = name;
    if (metadata !== undefined) next.metadata = metadata;
    if (state !== undefined) next.state = state;
    if (changes) {
      const attributes = Object.entries({ ...participant.attributes, ...changes });
      next.attributes = Object.fromEntries(attributes.filter((entry): entry is [string, string] => entry[1] !== null));
    }
    return next;
  };

const withSources = <P extends Participant>(participant: P, sources: Source[]): P => ({ ...participant, sources });

/** Change the source of that number, wherever it is; undefined takes it away. */
const changeSource = (model: RoomModel, number: number, by: (source: Source) => Source | undefined): RoomModel =>
  change(
    model,
    participant => participant.number === participantOf(number),
    participant => {
      const old = participant.sources.find(source => source.number === number);
      const next = old && by(old);
      if (next === old) return participant;
      return withSources(
        participant,
        participant.sources.flatMap(source => (source !== old ? source : next ? [next] : [])),
      );
    },
  );

function addMessage(chat: readonly ChatMessage[], message: ChatMessage): readonly ChatMessage[] {
  const newest = chat.at(-1);
  if (newest && newest.id >= message.id) return chat;
  return [...chat, message].slice(-LIMITS.chatKept);
}

/** The model after `event`. */
export function reduce(model: RoomModel, event: RoomEvent): RoomModel {
  switch (event.type) {
    case "participant.joined": {
      const { participant } = event;
      if (participant.pid === model.you.pid) return { ...model, you: { ...model.you, ...participant } };
      return { ...model, participants: put(model.participants, participant) };
    }
    case "participant.updated":
      return change(model, participant => participant.pid === event.pid, updated(event));
    case "participant.left": {
      const participants = model.participants.filter(participant => participant.pid !== event.pid);
      return participants.length === model.participants.length ? model : { ...model, participants };
    }
    case "source.published":
      return change(
        model,
        participant => participant.pid === event.pid,
        participant => withSources(participant, put(participant.sources, event.source)),
      );
    case "source.updated":
      return changeSource(model, event.number, source =>
        source.muted === event.muted ? source : { ...source, muted: event.muted },
      );
    case "source.unpublished":
      return changeSource(model, event.number, () => undefined);
    case "chat.message": {
      const chat = addMessage(model.chat, event.message);
      return chat === model.chat ? model : { ...model, chat };
    }
    case "room.updated":
      return event.metadata === undefined ? model : { ...model, metadata: event.metadata };
    case "topology.changed":
      return { ...model, topology: event.topology };
    case "room.closed":
      // The connection's end says so, with its error.
      return model;
  }
}

/** The chat after a snapshot: what was there before stays if the new part joins on to it without a gap. */
export function joinChat(before: readonly ChatMessage[], fresh: readonly ChatMessage[]): readonly ChatMessage[] {
  const newest = before.at(-1);
  const at = newest ? fresh.findIndex(message => message.id === newest.id) : -1;
  return at < 0 ? fresh : [...before, ...fresh.slice(at + 1)].slice(-LIMITS.chatKept);
}
