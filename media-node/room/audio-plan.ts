import type { Source } from "./source.ts";

/**
 * Picks the audio for each paired slot: what belongs to the source its video slot shows.
 * A screen's is its own audio; a participant's microphone goes with the first other picture of it, or with the
 * screen where there is none.
 * @param shown the source in each video slot.
 * @param audio audio sources of others.
 */
export function pairAudio(shown: readonly (Source | undefined)[], audio: readonly Source[]): (Source | undefined)[] {
  const used = new Set<Source>();
  const take = (participant: number, kinds: readonly string[]): Source | undefined => {
    const found = audio.find(
      source => source.participant === participant && kinds.includes(source.kind) && !used.has(source),
    );
    if (found !== undefined) used.add(found);
    return found;
  };
  const result: (Source | undefined)[] = shown.map(video => {
    if (video === undefined) return undefined;
    if (video.kind === "screen") return take(video.participant, ["screen-audio"]);
    return take(video.participant, [video.kind === "mix" ? "mix" : "mic"]);
  });
  return result.map((paired, slot) => {
    const video = shown[slot];
    return paired ?? (video?.kind === "screen" ? take(video.participant, ["mic"]) : undefined);
  });
}
