import type { ParticipantView, SourceView } from "./sdk.ts";

/** The attribute that holds since when a hand is up, in milliseconds since the epoch. */
export const HAND = "hand";

/** Since when a participant's hand is up; `undefined` while it is down. */
export function handOf(person: Pick<ParticipantView, "attributes">): number | undefined {
  const since = Number(person.attributes?.[HAND]);
  return Number.isFinite(since) && since > 0 ? since : undefined;
}

export const sourceOf = (person: Pick<ParticipantView, "sources">, kind: string): SourceView | undefined =>
  person.sources.find(source => source.kind === kind);

/** Whether others can hear this participant: it has a microphone that is not muted. */
export const isAudible = (person: Pick<ParticipantView, "sources">): boolean =>
  person.sources.some(source => (source.kind === "mic" || source.kind === "mix") && !source.muted);

/** A name that is never empty. */
export const nameOf = (person: Pick<ParticipantView, "name" | "kind">): string => {
  if (person.name !== "") return person.name;
  return person.kind === "phone" ? "Telephone" : "Guest";
};

/** Raised hands first, in the order they went up; then everybody else as they came. */
export function byHand(people: readonly ParticipantView[]): readonly ParticipantView[] {
  return people.toSorted((a, b) => (handOf(a) ?? Infinity) - (handOf(b) ?? Infinity) || a.number - b.number);
}

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });
const firstLetter = (word: string): string => {
  for (const { segment } of segmenter.segment(word)) if (/[\p{L}\p{N}]/u.test(segment)) return segment;
  return "";
};

/**
 * What stands for a face without a picture: first letters of the first and the last word, or the first one alone in
 * scripts that write no capitals, where two letters side by side would read as a word.
 */
export function initialsOf(name: string): string {
  const letters = name
    .trim()
    .split(/\s+/u)
    .map(firstLetter)
    .filter(letter => letter !== "");
  const [first, last] = [letters[0], letters.at(-1)];
  if (first === undefined || last === undefined) return "?";
  const cased = first.toLowerCase() !== first.toUpperCase();
  return cased && letters.length > 1 ? (first + last).toLocaleUpperCase() : first.toLocaleUpperCase();
}

/** The hue of a name, in degrees: one of twelve, spread by FNV-1a so that near names differ. */
export function hueOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const char of name.normalize("NFC")) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return ((hash >>> 8) % 12) * 30 + 15;
}
