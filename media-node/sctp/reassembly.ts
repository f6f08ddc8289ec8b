import { BEGIN, type DataChunk, END, UNORDERED } from "./chunks.ts";
import { isAfter, isAfter16, next16, plus } from "./serial.ts";

/** A whole user message. */
export interface Message {
  readonly stream: number;
  readonly ppid: number;
  readonly payload: Uint8Array;
}

/** What a stored chunk costs beside its payload, in bytes: bounds the memory that tiny chunks take. */
const CHUNK_COST = 64;

/** Puts messages together and, where they are ordered, in order (RFC 9260 §6.5, §6.6, §6.9). */
export interface Reassembly {
  /** Bytes held for messages that are not whole or not in turn. */
  readonly held: number;
  /** Takes a chunk whose TSN is new. False when its message exceeds the maximum size. */
  add(chunk: DataChunk): boolean;
  /** Drops unfinished messages that begin at or before `tsn`, and moves the streams past what was given up. */
  forward(tsn: number, skips: readonly (readonly [stream: number, ssn: number])[]): void;
  /** Starts streams anew at sequence number 0, all of them if the list is empty. */
  reset(streams: readonly number[]): void;
}

/** Chunks with consecutive TSNs that belong to one message. */
interface Run {
  start: number;
  end: number;
  begins: boolean;
  ends: boolean;
  ppid: number;
  bytes: number;
  readonly stream: number;
  readonly ssn: number;
  readonly unordered: boolean;
  readonly payloads: Uint8Array[];
}

interface Stream {
  nextSsn: number;
  readonly waiting: Map<number, Run>;
}

export function createReassembly(maxMessageSize: number, deliver: (message: Message) => void): Reassembly {
  const byStart = new Map<number, Run>();
  const byEnd = new Map<number, Run>();
  const streams = new Map<number, Stream>();
  let held = 0;

  const costOf = (run: Run): number => run.bytes + run.payloads.length * CHUNK_COST;

  function streamOf(id: number): Stream {
    let stream = streams.get(id);
    if (stream === undefined) {
      stream = { nextSsn: 0, waiting: new Map() };
      streams.set(id, stream);
    }
    return stream;
  }

  function remove(run: Run): void {
    byStart.delete(run.start);
    byEnd.delete(run.end);
  }

  function release(run: Run): void {
    held -= costOf(run);
    const payload = run.payloads.length === 1 ? run.payloads[0]! : Buffer.concat(run.payloads);
    deliver({ stream: run.stream, ppid: run.ppid, payload });
  }

  function releaseInTurn(stream: Stream): void {
    for (let run = stream.waiting.get(stream.nextSsn); run; run = stream.waiting.get(stream.nextSsn)) {
      stream.waiting.delete(stream.nextSsn);
      stream.nextSsn = next16(stream.nextSsn);
      release(run);
    }
  }

  function complete(run: Run): void {
    if (run.unordered) {
      release(run);
      return;
    }
    const stream = streamOf(run.stream);
    // A sequence number used again: nobody honest does that. The message goes nowhere.
    if (isAfter16(stream.nextSsn, run.ssn) || stream.waiting.has(run.ssn)) {
      held -= costOf(run);
      return;
    }
    stream.waiting.set(run.ssn, run);
    releaseInTurn(stream);
  }

  /** Joins two runs if the second carries on the first's message. */
  function join(first: Run | undefined, second: Run | undefined): Run | undefined {
    if (first === undefined || second === undefined || first.ends || second.begins) return undefined;
    const same =
      first.stream === second.stream &&
      first.unordered === second.unordered &&
      (first.unordered || first.ssn === second.ssn);
    if (!same) return undefined;
    remove(first);
    remove(second);
    // Keep the longer array: arrivals in order and in reverse both stay cheap.
    if (first.payloads.length >= second.payloads.length) {
      first.payloads.push(...second.payloads);
      first.end = second.end;
      first.ends = second.ends;
      first.bytes += second.bytes;
      return first;
    }
    second.payloads.unshift(...first.payloads);
    second.start = first.start;
    second.begins = first.begins;
    second.ppid = first.ppid;
    second.bytes += first.bytes;
    return second;
  }

  return {
    get held() {
      return held;
    },
    add({ flags, tsn, stream, ssn, ppid, payload }) {
      let run: Run = {
        start: tsn,
        end: tsn,
        begins: (flags & BEGIN) !== 0,
        ends: (flags & END) !== 0,
        unordered: (flags & UNORDERED) !== 0,
        stream,
        ssn,
        ppid,
        bytes: payload.length,
        payloads: [payload],
      };
      held += costOf(run);
      run = join(byEnd.get(plus(tsn, -1)), run) ?? run;
      run = join(run, byStart.get(plus(tsn, 1))) ?? run;
      if (run.bytes > maxMessageSize) return false;
      if (run.begins && run.ends) complete(run);
      else {
        byStart.set(run.start, run);
        byEnd.set(run.end, run);
      }
      return true;
    },
    forward(tsn, skips) {
      for (const run of byStart.values()) {
        if (isAfter(run.start, tsn)) continue;
        remove(run);
        held -= costOf(run);
      }
      for (const [id, ssn] of skips) {
        const stream = streamOf(id);
        if (isAfter16(stream.nextSsn, ssn)) continue;
        const past = [...stream.waiting.keys()].filter(waiting => !isAfter16(waiting, ssn));
        for (const waiting of past.sort((a, b) => (isAfter16(a, b) ? 1 : -1))) {
          release(stream.waiting.get(waiting)!);
          stream.waiting.delete(waiting);
        }
        stream.nextSsn = next16(ssn);
        releaseInTurn(stream);
      }
    },
    reset(ids) {
      for (const id of ids.length > 0 ? ids : [...streams.keys()]) {
        for (const run of streams.get(id)?.waiting.values() ?? []) held -= costOf(run);
        streams.delete(id);
      }
    },
  };
}
