import type { Source } from "./source.ts";

/** Speaking, somebody must be this much louder (dB) than the dominant speaker to take over. */
const MARGIN = 6;
/** One must have been dominant or speaking for so long (ms) before that may change: a cough is no speech. */
const MIN_STAY = 700;
const MIN_SPEECH = 200;

/** Who speaks in a room, from the loudness of its microphones. */
export class Speakers {
  /** Participant numbers of those who speak now, the dominant speaker first, the others by number. */
  current: readonly number[] = [];
  /** Participant number of the dominant speaker, of now or last; -1 before the first. */
  dominant = -1;
  private dominantSince = 0;
  private readonly since = new Map<number, number>();
  private readonly lastDominant = new Map<number, number>();

  /** Looks at the room's sources. @returns whether {@link current} changed. */
  update(sources: Iterable<Source>, now: number): boolean {
    let loudest: Source | undefined;
    let dominantLevel = 127;
    const speaking = new Set<number>();
    for (const source of sources) {
      if (source.kind !== "mic" || !source.loudness.speaking) continue;
      const { participant } = source;
      speaking.add(participant);
      if (!this.since.has(participant)) this.since.set(participant, now);
      if (participant === this.dominant) dominantLevel = source.loudness.level;
      if (now - this.since.get(participant)! < MIN_SPEECH) continue;
      if (loudest === undefined || source.loudness.level < loudest.loudness.level) loudest = source;
    }
    for (const participant of this.since.keys()) if (!speaking.has(participant)) this.since.delete(participant);
    this.chooseDominant(loudest, speaking, dominantLevel, now);
    const heard = [...speaking].filter(participant => participant !== this.dominant).sort((a, b) => a - b);
    if (speaking.has(this.dominant)) heard.unshift(this.dominant);
    if (heard.length === this.current.length && heard.every((one, i) => one === this.current[i])) return false;
    this.current = heard;
    return true;
  }

  /** When a participant was last dominant (ms), -Infinity for never: the order in which cameras deserve a seat. */
  lastDominantAt(participant: number): number {
    return this.lastDominant.get(participant) ?? Number.NEGATIVE_INFINITY;
  }

  forget(participant: number): void {
    this.since.delete(participant);
    this.lastDominant.delete(participant);
    if (this.dominant === participant) this.dominant = -1;
  }

  private chooseDominant(loudest: Source | undefined, speaking: Set<number>, level: number, now: number): void {
    if (loudest !== undefined && loudest.participant !== this.dominant) {
      const yields = !speaking.has(this.dominant);
      const outdone = now - this.dominantSince >= MIN_STAY && loudest.loudness.level + MARGIN <= level;
      if (yields || outdone) {
        this.dominant = loudest.participant;
        this.dominantSince = now;
        this.lastDominant.set(this.dominant, now);
      }
    }
  }
}
