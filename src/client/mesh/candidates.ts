/**
 * Trickled ICE candidates (RFC 8838), in batches out and by their ufrag in.
 * @module
 */
import type { ReceivedSignal } from "../../protocol/commands.ts";
import { LIMITS } from "../../protocol/limits.ts";

/** Candidates gathered within this time leave in one frame. */
const BATCH = 50;
/** Candidates that wait for their description; an honest peer has a few dozen. */
const WAITING = 256;

type Candidate = ReceivedSignal<"peer.candidates">["candidates"][number];

export interface CandidateSender {
  /** A candidate of the description `negotiation`. */
  add(candidate: RTCIceCandidate, negotiation: string): void;
  /** Send all of the current ICE generation again. */
  resend(): void;
  close(): void;
}

/** Batch our candidates. */
export function createCandidateSender(
  setTimer: (callback: () => void, ms: number) => () => void,
  send: (negotiation: string, candidates: Candidate[]) => void,
): CandidateSender {
  // Those of the generation that is gathered now; of these `sent` have left.
  let generation: Candidate[] = [];
  let ufrag: string | null | undefined;
  let negotiation = "";
  let sent = 0;
  let cancel: (() => void) | undefined;

  const flush = (): void => {
    cancel?.();
    cancel = undefined;
    while (sent < generation.length) {
      const batch = generation.slice(sent, sent + LIMITS.candidatesPerFrame);
      sent += batch.length;
      send(negotiation, batch);
    }
  };
  return {
    add(candidate, id) {
      if (candidate.usernameFragment !== ufrag) {
        flush();
        ufrag = candidate.usernameFragment;
        generation = [];
        sent = 0;
      }
      negotiation = id;
      const { candidate: line, sdpMid, sdpMLineIndex, usernameFragment } = candidate;
      generation.push({ candidate: line, sdpMid, sdpMLineIndex, usernameFragment });
      cancel ??= setTimer(flush, BATCH);
    },
    resend() {
      sent = 0;
      flush();
    },
    close() {
      cancel?.();
    },
  };
}

export interface CandidateReceiver {
  receive(negotiation: string, candidates: readonly Candidate[]): Promise<void>;
  /** Another remote description is set: add what waited for it. */
  described(): Promise<void>;
  /** That description was ignored; so are its candidates. */
  ignore(negotiation: string): void;
}

/** Add the peer's candidates as soon as the description of their generation is set. */
export function createCandidateReceiver(connection: RTCPeerConnection): CandidateReceiver {
  let waiting: { negotiation: string; candidate: Candidate }[] = [];
  let ignored: string | undefined;

  const fits = ({ usernameFragment }: Candidate): boolean => {
    const sdp = connection.remoteDescription?.sdp;
    if (!sdp) return false;
    if (!usernameFragment) return true;
    for (const [, ufrag] of sdp.matchAll(/^a=ice-ufrag:(\S+)/gm)) if (ufrag === usernameFragment) return true;
    return false;
  };
  const add = async (candidate: Candidate): Promise<void> => {
    try {
      await connection.addIceCandidate(candidate as RTCIceCandidateInit);
    } catch {
      // One that the browser does not want leaves the others.
    }
  };
  const described = async (): Promise<void> => {
    const ready = waiting.filter(({ candidate }) => fits(candidate));
    waiting = waiting.filter(({ candidate }) => !fits(candidate));
    for (const { candidate } of ready) await add(candidate);
  };
  return {
    async receive(negotiation, candidates) {
      for (const candidate of candidates) {
        if (fits(candidate)) await add(candidate);
        else if (negotiation !== ignored) waiting.push({ negotiation, candidate });
      }
      waiting = waiting.slice(-WAITING);
    },
    described,
    ignore(negotiation) {
      ignored = negotiation;
      waiting = waiting.filter(other => other.negotiation !== negotiation);
    },
  };
}
