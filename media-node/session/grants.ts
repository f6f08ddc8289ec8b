import {
  type NodeParticipant,
  SOURCE_INDEX,
  SOURCE_KINDS,
  type SourceKind,
  sourceNumber,
} from "../../src/protocol/index.ts";

type Source = NodeParticipant["sources"][number];

const AUDIO: readonly SourceKind[] = ["mic", "screen-audio", "mix", "custom"];
const VIDEO: readonly SourceKind[] = ["camera", "screen", "mix", "custom"];

/** A kind we don't know (a newer edge's) is treated like an application's own. */
export const kindOf = ({ kind }: Source): SourceKind => SOURCE_KINDS.find(known => known === kind) ?? "custom";

/** What a participant publishes at an index, if it does. */
export function publishedAt(participant: NodeParticipant, index: number): Source | undefined {
  const number = sourceNumber(participant.number, index);
  return participant.sources.find(source => source.number === number);
}

export const publishKinds = ({ grants }: NodeParticipant): ReadonlySet<SourceKind> => new Set(grants.publish);
export const subscribeKinds = ({ grants }: NodeParticipant): ReadonlySet<SourceKind> => new Set(grants.subscribe);

/**
 * Whether an m-line for a source may send: by what is published there, else by the kind its index stands for, else by
 * anything of its medium that may be published.
 */
export function maySend(participant: NodeParticipant, index: number, media: "audio" | "video"): boolean {
  const kinds = publishKinds(participant);
  const published = publishedAt(participant, index);
  if (published !== undefined) return kinds.has(kindOf(published));
  const usual = SOURCE_KINDS.find(kind => SOURCE_INDEX[kind] === index);
  if (usual !== undefined) return kinds.has(usual);
  return (media === "audio" ? AUDIO : VIDEO).some(kind => kinds.has(kind));
}

/** Whether a slot of a medium may ever carry anything. */
export function mayReceive(participant: NodeParticipant, media: "audio" | "video"): boolean {
  const kinds = subscribeKinds(participant);
  return (media === "audio" ? AUDIO : VIDEO).some(kind => kinds.has(kind));
}
