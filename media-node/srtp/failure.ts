/**
 * Why a packet was not protected or unprotected. Functions on the packet path return these negative numbers in place
 * of a length; {@link SrtpCounters} counts them by name.
 */
export const SrtpFailure = {
  /** Too short, not version 2, lying header lengths, or outside the buffer. */
  malformed: -1,
  /** This index was seen (inbound) or used (outbound) before. */
  replayed: -2,
  /** Older than the replay window reaches. */
  tooOld: -3,
  /** The authentication tag is wrong. */
  unauthentic: -4,
  /** A new SSRC, and the session has as many as it may. */
  tooManyStreams: -5,
  /** The buffer ends before the protected packet would. */
  noRoom: -6,
  /** 2^48 RTP or 2^31 RTCP packets are used up (RFC 3711 §9.2), or the session is closed, or the cipher failed. */
  unusable: -7,
} as const;

export type SrtpFailureName = keyof typeof SrtpFailure;

/** Counts of one direction: packets that went well, and each reason of failure. Read it, don't write it. */
export type SrtpCounters = Record<SrtpFailureName | "rtp" | "rtcp", number>;

export function createSrtpCounters(): SrtpCounters {
  return {
    rtp: 0,
    rtcp: 0,
    malformed: 0,
    replayed: 0,
    tooOld: 0,
    unauthentic: 0,
    tooManyStreams: 0,
    noRoom: 0,
    unusable: 0,
  };
}

const names = Object.keys(SrtpFailure) as SrtpFailureName[];
names.sort((a, b) => SrtpFailure[b] - SrtpFailure[a]);

/** Counts `failure` and returns it, so that a caller can `return countFailure(…)`. */
export function countFailure(counters: SrtpCounters, failure: number): number {
  counters[names[-failure - 1]!]++;
  return failure;
}
