/** Louder than this (dBov, RFC 6464 counts downwards from 0) is speech. */
const SPEECH = 45;
/** What a sender without the level extension counts as while it sends: it never outdoes real speech. */
const UNKNOWN = 60;
const SILENCE = 127;
/** Shares by which the average follows, per 20 ms: words start at once, pauses between them don't end them. */
const ATTACK = 0.35;
const RELEASE = 0.06;
/** A packet older than this (ms) says nothing about now: discontinuous transmission. */
const STALE = 250;
/** Speech goes on for so long (ms) behind the last loud moment. */
const HANGOVER = 400;

/** How loud one source is, from the levels its packets carry. Nothing is decoded. */
export class LoudnessMeter {
  /** Smoothed level as RFC 6464 has it: 0 is loudest, 127 silence. */
  level = SILENCE;
  /** Whether somebody speaks. */
  speaking = false;
  /** When speech was last heard (ms). */
  lastSpeech = Number.NEGATIVE_INFINITY;

  /** Takes the newest packet's level (-1 unknown) and time of arrival. To be called every 20 ms. */
  sample(level: number, arrival: number, now: number): void {
    const present = now - arrival > STALE ? SILENCE : level < 0 ? UNKNOWN : level;
    this.level += (present - this.level) * (present < this.level ? ATTACK : RELEASE);
    if (this.level <= SPEECH) this.lastSpeech = now;
    this.speaking = now - this.lastSpeech <= HANGOVER;
  }

  silence(): void {
    this.level = SILENCE;
    this.speaking = false;
  }
}
