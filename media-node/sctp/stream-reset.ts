import { ChunkType, readParameters, u16, u32, writeChunk, writeParameter } from "./packet.ts";
import { isAfter, plus } from "./serial.ts";

/** Parameters of RE-CONFIG (RFC 6525 §4). */
const OUTGOING_RESET = 13;
const RESPONSE = 16;

const PERFORMED = 1;
const DENIED = 2;
const WRONG_SEQUENCE = 5;
const IN_PROGRESS = 6;

/** Time until an unanswered request goes out again, in ms, and how often. */
const RETRY = 500;
const MOST_TRIES = 20;

/** Resetting streams, which is how WebRTC closes data channels (RFC 8831 §6.7, RFC 6525). */
export interface StreamReset {
  /** Asks the peer to forget the sequence numbers of our outgoing streams; several wait their turn. */
  request(stream: number): void;
  /** Handles a RE-CONFIG chunk. */
  onReConfig(value: Buffer, now: number): void;
  /** A chunk to send now, if any. Responses come first. */
  take(now: number): Uint8Array | undefined;
  nextTimeout(): number;
}

export interface StreamResetOptions {
  readonly initialTsn: number;
  readonly peerInitialTsn: number;
  /** Last TSN that we gave out, which tells the peer what comes before the reset. */
  lastAssignedTsn(): number;
  /** Cumulative TSN received. */
  receivedTsn(): number;
  /** Whether data of the stream waits to be sent: the reset must come after it. */
  hasQueued(stream: number): boolean;
  /** The peer resets its streams, all if the list is empty. */
  onPeerReset(streams: readonly number[]): void;
  /** The peer answered our request. */
  onOwnReset(streams: readonly number[]): void;
}

export function createStreamReset(options: StreamResetOptions): StreamReset {
  const wanted = new Set<number>();
  const responses: Uint8Array[] = [];
  let ownSequence = options.initialTsn;
  let current: { streams: number[]; chunk: Uint8Array; sendAt: number; tries: number } | undefined;
  let peerSequence = options.peerInitialTsn;
  let lastResult = WRONG_SEQUENCE;

  function onRequest(parameter: Buffer): void {
    if (parameter.length < 12) return;
    const sequence = parameter.readUInt32BE(0);
    const isNext = sequence === peerSequence;
    const isLast = sequence === plus(peerSequence, -1);
    let result = isLast ? lastResult : WRONG_SEQUENCE;
    if (isNext) {
      const streams: number[] = [];
      for (let at = 12; at + 2 <= parameter.length; at += 2) streams.push(parameter.readUInt16BE(at));
      // What was sent before the reset must have come first; the peer asks again with the same number.
      if (isAfter(parameter.readUInt32BE(8), options.receivedTsn())) result = IN_PROGRESS;
      else {
        result = PERFORMED;
        peerSequence = plus(peerSequence, 1);
        options.onPeerReset(streams);
      }
      lastResult = result;
    }
    respond(sequence, result);
  }

  function respond(sequence: number, result: number): void {
    responses.push(writeChunk(ChunkType.reConfig, 0, writeParameter(RESPONSE, u32(sequence, result))));
  }

  function onResponse(parameter: Buffer, now: number): void {
    if (parameter.length < 8 || current === undefined || parameter.readUInt32BE(0) !== ownSequence) return;
    if (parameter.readUInt32BE(4) === IN_PROGRESS) {
      current.sendAt = now + RETRY;
      return;
    }
    // Performed or refused: in either case we are done with these streams.
    conclude(current.streams);
  }

  function conclude(streams: readonly number[]): void {
    current = undefined;
    ownSequence = plus(ownSequence, 1);
    options.onOwnReset(streams);
  }

  return {
    request: stream => wanted.add(stream),
    onReConfig(value, now) {
      // At most two parameters stand in a chunk (RFC 6525 §3.1).
      for (const { type, value: parameter } of readParameters(value)?.slice(0, 2) ?? []) {
        if (type === RESPONSE) onResponse(parameter, now);
        else if (type === OUTGOING_RESET) onRequest(parameter);
        else if (parameter.length >= 4) respond(parameter.readUInt32BE(0), DENIED);
      }
    },
    take(now) {
      const response = responses.shift();
      if (response !== undefined) return response;
      if (current === undefined && wanted.size > 0) {
        const streams = [...wanted].filter(stream => !options.hasQueued(stream));
        if (streams.length === 0) return undefined;
        for (const stream of streams) wanted.delete(stream);
        const head = u32(ownSequence, plus(peerSequence, -1), options.lastAssignedTsn());
        const chunk = writeChunk(ChunkType.reConfig, 0, writeParameter(OUTGOING_RESET, head, u16(...streams)));
        current = { streams, chunk, sendAt: now, tries: 0 };
      }
      if (current === undefined || now < current.sendAt) return undefined;
      current.sendAt = now + RETRY;
      if (++current.tries <= MOST_TRIES) return current.chunk;
      conclude(current.streams);
      return undefined;
    },
    nextTimeout: () => current?.sendAt ?? Number.POSITIVE_INFINITY,
  };
}
