/** Somebody who might be heard in a floating audio slot. */
export interface Voice {
  readonly loudness: {
    /** Smoothed level, 0 loudest. */
    readonly level: number;
    readonly speaking: boolean;
    readonly lastSpeech: number;
  };
}

/** Speaking, somebody must be this much louder (dB) to take a speaker's slot. */
const MARGIN = 6;
/** Who has just been heard keeps the slot for so long (ms) against anybody. */
const MIN_STAY = 1_000;

/** A slot's present voice and since when. */
export interface Stay<T> {
  readonly voice: T;
  readonly since: number;
}

/**
 * Picks who is heard in the floating slots: the loudest, with enough inertia that slots don't flap. Free slots are
 * filled even with the silent, so that their first word isn't lost; a silent holder yields to a speaker at once.
 * @param slots who holds them now.
 * @param candidates everybody who may be heard there, holders included; a holder that isn't among them leaves.
 * @returns who holds the slots then, as long as `slots`.
 */
export function pickLoudest<T extends Voice>(
  slots: readonly (Stay<T> | undefined)[],
  candidates: readonly T[],
  now: number,
): (Stay<T> | undefined)[] {
  const result = slots.map(stay => (stay !== undefined && candidates.includes(stay.voice) ? stay : undefined));
  const waiting = candidates.filter(voice => !result.some(stay => stay?.voice === voice)).sort(compareVoices);
  for (const voice of waiting) {
    const place = result.indexOf(undefined);
    if (place >= 0) {
      result[place] = { voice, since: now };
      continue;
    }
    if (!voice.loudness.speaking) break;
    const weakest = weakestOf(result, now);
    if (weakest < 0 || !outdoes(voice, result[weakest]!.voice)) break;
    result[weakest] = { voice, since: now };
  }
  return result;
}

/** Speakers before the silent; speakers by loudness, the silent by when they last spoke. */
function compareVoices(a: Voice, b: Voice): number {
  const [left, right] = [a.loudness, b.loudness];
  if (left.speaking !== right.speaking) return left.speaking ? -1 : 1;
  return left.speaking ? left.level - right.level : right.lastSpeech - left.lastSpeech || 0;
}

/** The place whose holder yields first, or -1 when all have just begun to speak. */
function weakestOf<T extends Voice>(stays: readonly (Stay<T> | undefined)[], now: number): number {
  let weakest = -1;
  for (let place = 0; place < stays.length; place++) {
    const stay = stays[place];
    if (stay === undefined || (stay.voice.loudness.speaking && now - stay.since < MIN_STAY)) continue;
    if (weakest < 0 || compareVoices(stay.voice, stays[weakest]!.voice) > 0) weakest = place;
  }
  return weakest;
}

function outdoes(challenger: Voice, holder: Voice): boolean {
  return !holder.loudness.speaking || challenger.loudness.level + MARGIN <= holder.loudness.level;
}
