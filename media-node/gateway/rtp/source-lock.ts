/** So many packets, numbered one after the other, make a stream (RFC 3550 §A.1 wants two; a flood of single ones is none). */
const PROBATION = 4;
/** Streams on probation at once, those heard last: a few strays must not keep the true one out. */
const MAX_CANDIDATES = 32;
/** A candidate that paused so long (ms) begins again. */
const STALE = 2_000;
/** After so long (ms) without a packet the same host may go on from another port: its program was started again. */
const GONE = 5_000;

interface Candidate {
  readonly address: string;
  readonly port: number;
  readonly ssrc: number;
  sequence: number;
  count: number;
  at: number;
}

/** Where a packet came from, and what its header says. */
export interface Arrival {
  readonly address: string;
  readonly port: number;
  readonly ssrc: number;
  readonly sequence: number;
}

/**
 * Whom a port listens to. Anybody may send to it, and whoever guesses a port must neither be heard nor push out whom it
 * belongs to (RTP bleed): the first stream that proves to be one is taken, and its host alone from then on.
 */
export interface SourceLock {
  /** The host that is heard, once there is one. */
  readonly address: string | undefined;
  /**
   * Whether a packet is heard. To be asked for packets of whom isn't heard yet, and when the one that is has been silent.
   * @param authentic its key has proved it: there is nothing left to find out
   */
  admit(arrival: Arrival, authentic: boolean, now: number): boolean;
  /** A packet of the one who is heard came. */
  heard(now: number): void;
}

/** @param expected the only hosts of which one may be heard, if they are known */
export function createSourceLock(expected: readonly string[] | undefined): SourceLock {
  const candidates: Candidate[] = [];
  let address: string | undefined;
  let port = 0;
  let heardAt = Number.NEGATIVE_INFINITY;

  function onProbation({ address, port, ssrc, sequence }: Arrival, now: number): boolean {
    const place = candidates.findIndex(each => each.address === address && each.port === port && each.ssrc === ssrc);
    const [known] = place < 0 ? [] : candidates.splice(place, 1);
    if (!known) {
      if (candidates.length === MAX_CANDIDATES) candidates.shift();
      candidates.push({ address, port, ssrc, sequence, count: 1, at: now });
      return false;
    }
    candidates.push(known);
    const follows = sequence === ((known.sequence + 1) & 0xffff) && now - known.at < STALE;
    known.count = follows ? known.count + 1 : 1;
    known.sequence = sequence;
    known.at = now;
    return known.count >= PROBATION;
  }

  return {
    get address() {
      return address;
    },
    admit(arrival, authentic, now) {
      if (expected?.includes(arrival.address) === false) return false;
      if (address !== undefined) {
        if (arrival.address !== address) return false;
        if (arrival.port !== port && now - heardAt < GONE) return false;
      }
      if (arrival.port !== port || arrival.address !== address) {
        if (!authentic && !onProbation(arrival, now)) return false;
        ({ address, port } = arrival);
        candidates.length = 0;
      }
      heardAt = now;
      return true;
    },
    heard(now) {
      heardAt = now;
    },
  };
}
