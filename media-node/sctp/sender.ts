import { DATA_HEADER, encodeData, encodeForwardTsn, IMMEDIATE, type Sack, UNORDERED } from "./chunks.ts";
import { createCongestionWindow } from "./congestion-window.ts";
import { cutFragment, type MessageState, type OutboundMessage, type SentChunk } from "./outbound-message.ts";
import { PACKET_HEADER } from "./packet.ts";
import { createRto } from "./rto.ts";
import { distance, isAfter, next16, plus } from "./serial.ts";

/** Timeouts in a row after which the peer counts as gone. */
const MOST_TIMEOUTS = 10;
const MISSING_REPORTS = 3;

/** The sending half of an association (RFC 9260 §6, §7; partial reliability by RFC 3758). */
export interface Sender {
  /** Payload bytes queued or unacknowledged. */
  readonly bufferedBytes: number;
  /** False once the peer has not acknowledged anything for too long. */
  readonly alive: boolean;
  readonly lastAssignedTsn: number;
  /** What the peer said in its INIT. */
  start(peerWindow: number, peerSkips: boolean): void;
  /** A round-trip time in ms that the opening measured. */
  onRoundTrip(roundTrip: number): void;
  enqueue(message: OutboundMessage): void;
  /** The next DATA chunk of at most `space` bytes that the windows allow, encoded; undefined when there is none. */
  next(space: number, now: number): Uint8Array | undefined;
  /** A FORWARD TSN chunk if one is due. */
  takeForwardTsn(): Uint8Array | undefined;
  onSack(sack: Sack, now: number): void;
  /** Whether messages of a stream wait for their first or next fragment. */
  hasQueued(stream: number): boolean;
  /** Starts sequence numbers of a stream anew at 0. */
  resetStream(stream: number): void;
  nextTimeout(): number;
  tick(now: number): void;
}

export function createSender(mtu: number, initialTsn: number): Sender {
  const fragmentLimit = (mtu - PACKET_HEADER - DATA_HEADER) & ~3;
  const congestion = createCongestionWindow(mtu - PACKET_HEADER);
  const rto = createRto();
  const nextSsn = new Map<number, number>();
  const queue: MessageState[] = [];
  let sent: SentChunk[] = [];
  let nextTsn = initialTsn;
  let acknowledged = plus(initialTsn, -1);
  let buffered = 0;
  let flight = 0;
  let waiting = 0;
  let window = 0;
  let skips = false;
  let forwardDue = false;
  let recoveryEnd: number | undefined;
  let recoveryStart = false;
  let dueAt = Number.POSITIVE_INFINITY;
  let timeouts = 0;
  /** Measured by the newest chunk that the present SACK acknowledges, if it was sent once only. */
  let roundTrip: number | undefined;

  function setState(chunk: SentChunk, state: SentChunk["state"]): void {
    if (chunk.state === "flying") flight -= chunk.payload.length;
    if (chunk.state === "waiting") waiting--;
    if (state === "flying") flight += chunk.payload.length;
    if (state === "waiting") waiting++;
    chunk.state = state;
  }

  const hasExpired = ({ message }: MessageState, now: number): boolean => skips && now >= message.expiresAt;

  /** Gives up a message: what was sent of it is skipped by FORWARD TSN, the rest never leaves. */
  function abandon(owner: MessageState): void {
    owner.abandoned = true;
    forwardDue = true;
    buffered -= owner.message.payload.length - owner.cut;
    owner.cut = owner.message.payload.length;
    if (queue[0] === owner) queue.shift();
    for (const chunk of sent) if (chunk.owner === owner && chunk.state !== "acked") setState(chunk, "abandoned");
  }

  function abandonIfSpent(chunk: SentChunk, now: number): void {
    const { owner } = chunk;
    const spent = skips && chunk.sentCount > owner.message.maxRetransmits;
    if (!owner.abandoned && (spent || hasExpired(owner, now))) abandon(owner);
  }

  function send(chunk: SentChunk, now: number): Uint8Array {
    setState(chunk, "flying");
    chunk.sentAt = now;
    chunk.sentCount++;
    chunk.missing = 0;
    if (dueAt === Number.POSITIVE_INFINITY) dueAt = now + rto.timeout;
    const { tsn, owner, payload } = chunk;
    // The last of what there is asks for a SACK at once: the peer may wait 200 ms with it otherwise.
    const flags = queue.length === 0 ? chunk.flags | IMMEDIATE : chunk.flags;
    const { stream, ppid } = owner.message;
    return encodeData({ flags, tsn, stream, ssn: owner.ssn, ppid, payload });
  }

  function nextWaiting(space: number, now: number): Uint8Array | undefined {
    for (let at = 0; waiting > 0 && at < sent.length; at++) {
      const chunk = sent[at]!;
      if (chunk.state !== "waiting") continue;
      abandonIfSpent(chunk, now);
      if (chunk.state !== "waiting") continue;
      const size = DATA_HEADER + chunk.payload.length;
      // The first packet of a fast recovery leaves whatever the window says (RFC 9260 §7.2.4).
      if (size > space || (flight >= congestion.size && !recoveryStart)) return undefined;
      recoveryStart = false;
      return send(chunk, now);
    }
    return undefined;
  }

  function nextNew(space: number, now: number): Uint8Array | undefined {
    let owner = queue[0];
    while (owner !== undefined && hasExpired(owner, now)) {
      if (owner.cut > 0) abandon(owner);
      else {
        buffered -= owner.message.payload.length;
        queue.shift();
      }
      owner = queue[0];
    }
    if (owner === undefined || flight >= congestion.size) return undefined;
    const { stream, payload, ordered } = owner.message;
    const size = Math.min(fragmentLimit, payload.length - owner.cut);
    if (DATA_HEADER + size > space) return undefined;
    // With nothing in flight one chunk may leave in spite of a closed window, to probe it (RFC 9260 §6.1).
    if (size > window - flight && flight > 0) return undefined;
    if (owner.cut === 0 && ordered) {
      owner.ssn = nextSsn.get(stream) ?? 0;
      nextSsn.set(stream, next16(owner.ssn));
    }
    const chunk = cutFragment(owner, nextTsn, size);
    nextTsn = plus(nextTsn, 1);
    if (owner.cut === payload.length) queue.shift();
    waiting++;
    sent.push(chunk);
    return send(chunk, now);
  }

  /** Marks what the gap blocks acknowledge; gives the newest TSN and the bytes newly acknowledged. */
  function markGaps({ cumulativeTsn, gaps }: Sack, now: number): { newest: number | undefined; bytes: number } {
    let newest: number | undefined;
    let bytes = 0;
    let block = 0;
    for (const chunk of sent) {
      const offset = distance(cumulativeTsn, chunk.tsn);
      while (block < gaps.length && gaps[block]![1] < offset) block++;
      const covered = block < gaps.length && gaps[block]![0] <= offset;
      if (covered && chunk.state !== "acked" && chunk.state !== "abandoned") {
        if (chunk.sentCount === 1) roundTrip = now - chunk.sentAt;
        setState(chunk, "acked");
        newest = chunk.tsn;
        bytes += chunk.payload.length;
      } // A receiver may take back what it acknowledged only in a gap block (RFC 9260 §6.2.1).
      else if (!covered && chunk.state === "acked") setState(chunk, "waiting");
    }
    return { newest, bytes };
  }

  function markMissing(newest: number): void {
    for (const chunk of sent) {
      if (!isAfter(newest, chunk.tsn)) return;
      // Once only: whether the second copy is lost as well, later arrivals don't tell (RFC 9260 §7.2.4).
      if (chunk.state !== "flying" || chunk.sentCount > 1 || ++chunk.missing < MISSING_REPORTS) continue;
      setState(chunk, "waiting");
      if (recoveryEnd !== undefined) continue;
      congestion.onFastRetransmit();
      recoveryEnd = plus(nextTsn, -1);
      recoveryStart = true;
    }
  }

  /** Chunks at the head that the peer need not wait for: given up, or received beyond the gap they leave. */
  function skippable(): number {
    let count = 0;
    for (const [at, { state }] of sent.entries()) {
      if (state !== "abandoned" && state !== "acked") break;
      if (state === "abandoned") count = at + 1;
    }
    return count;
  }

  return {
    get bufferedBytes() {
      return buffered;
    },
    get alive() {
      return timeouts <= MOST_TIMEOUTS;
    },
    get lastAssignedTsn() {
      return plus(nextTsn, -1);
    },
    start(peerWindow, peerSkips) {
      window = peerWindow;
      skips = peerSkips;
    },
    onRoundTrip: rto.sample,
    enqueue(message) {
      buffered += message.payload.length;
      queue.push({ message, ssn: 0, cut: 0, abandoned: false });
    },
    next: (space, now) => (waiting > 0 ? nextWaiting(space, now) : undefined) ?? nextNew(space, now),
    takeForwardTsn() {
      if (!forwardDue) return undefined;
      forwardDue = false;
      const passed = sent.slice(0, skippable());
      const last = passed.at(-1);
      if (last === undefined) return undefined;
      const newest = new Map<number, number>();
      for (const { owner, flags, state } of passed) {
        if (state === "abandoned" && (flags & UNORDERED) === 0) newest.set(owner.message.stream, owner.ssn);
      }
      return encodeForwardTsn({ cumulativeTsn: last.tsn, skips: [...newest] });
    },
    onSack(sack, now) {
      const { cumulativeTsn } = sack;
      // An old one, or one for chunks that were never sent.
      if (isAfter(acknowledged, cumulativeTsn) || !isAfter(nextTsn, cumulativeTsn)) return;
      const wasFull = flight + fragmentLimit > congestion.size;
      roundTrip = undefined;
      let bytes = 0;
      let passed = 0;
      for (const chunk of sent) {
        if (isAfter(chunk.tsn, cumulativeTsn)) break;
        passed++;
        buffered -= chunk.payload.length;
        if (chunk.state === "acked") continue;
        if (chunk.state !== "abandoned") {
          if (chunk.sentCount === 1) roundTrip = now - chunk.sentAt;
          bytes += chunk.payload.length;
        }
        setState(chunk, "acked");
      }
      sent = sent.slice(passed);
      acknowledged = cumulativeTsn;
      const gaps = markGaps(sack, now);
      if (roundTrip !== undefined) rto.sample(roundTrip);
      if (recoveryEnd !== undefined && !isAfter(recoveryEnd, cumulativeTsn)) recoveryEnd = undefined;
      if (passed > 0 && recoveryEnd === undefined) congestion.onAcknowledged(bytes + gaps.bytes, wasFull, flight);
      if (gaps.newest !== undefined) markMissing(gaps.newest);
      window = sack.window;
      // Any sign of life counts: a peer with a closed window acknowledges nothing and is still there.
      timeouts = 0;
      // The peer hasn't passed what we gave up: it missed the FORWARD TSN.
      if (skippable() > 0) forwardDue = true;
      if (sent.length === 0) dueAt = Number.POSITIVE_INFINITY;
      else if (passed > 0) dueAt = now + rto.timeout;
    },
    hasQueued: stream => queue.some(({ message }) => message.stream === stream),
    resetStream: stream => nextSsn.delete(stream),
    nextTimeout: () => dueAt,
    tick(now) {
      if (now < dueAt) return;
      timeouts++;
      rto.backOff();
      congestion.onTimeout();
      recoveryEnd = undefined;
      for (const chunk of sent) if (chunk.state === "flying") setState(chunk, "waiting");
      for (const chunk of sent) if (chunk.state === "waiting") abandonIfSpent(chunk, now);
      if (skippable() > 0) forwardDue = true;
      dueAt = now + rto.timeout;
    },
  };
}
