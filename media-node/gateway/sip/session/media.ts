import type { Referral } from "./referrals.ts";

/**
 * Who makes a call's descriptions. The call decides who offers when (RFC 3264, RFC 6337); all texts are SDP.
 */
export interface SipMedia {
  /** An offer: of what is, with what has been asked for since. Unchanged, it says so by its version. */
  createOffer(): string;
  /** The answer to an offer; undefined: nothing in it can be used, which refuses it (488) and leaves all as it was. */
  answerOffer(offer: string): string | undefined;
  /** Takes the answer to the last offer; a later one, as forks send, replaces it. False: it can't be used. */
  applyAnswer(answer: string): boolean;
}

/** Why a call is over. */
export interface SipCallEnd {
  /** Who ended it, or `failure`: an answer, an ACK, a refresh did not come, or a description could not be used. */
  readonly by: "local" | "remote" | "failure";
  /** What it was answered with or, without an answer, the status that means the same (408, 503); 0 after an answer. */
  readonly status: number;
  /** Words of the response, or of ours. */
  readonly reason: string;
  /** Reason header fields (RFC 3326) as they came: they tell the telephone network's cause. */
  readonly causes: readonly string[];
  /** Where a 3xx sends the caller, best first. */
  readonly contacts: readonly string[];
}

/** What a call tells its owner. */
export interface SipCallEvents {
  /** An outgoing call rings, or is on its way: 101-199. More than one callee may answer so. */
  progress(status: number, reason: string): void;
  /** Both sides agreed; also the media. */
  established(): void;
  /** An INFO within the call (RFC 6086). Returns the status that answers it. */
  info(contentType: string, body: Uint8Array): number;
  /** The peer refused an offer of ours with that status, or did not answer: all is as it was. */
  offerRefused(status: number): void;
  /** The peer asks that somebody else be called in its place (REFER): 202, or a refusal. Left out, that is refused. */
  referred?(referral: Referral): number;
  /** How a transfer that we asked for goes: statuses below 200, then a final one. */
  transferProgress?(status: number): void;
  /** Exactly once, the last event. */
  ended(end: SipCallEnd): void;
}

export function failureEnd(status: number, reason: string): SipCallEnd {
  return { by: "failure", status, reason, causes: [], contacts: [] };
}
