import { writeUint16 } from "../../rtp/bytes.ts";
import { DTMF_KEYS } from "./digits-in.ts";

/** A key is held for so long (ms), and none for as long between two. */
const TONE = 100;
const PAUSE = 100;
/** The end of an event is told so often (RFC 4733 §2.5.1.4). */
const ENDS = 3;
/** -10 dBm0. */
const VOLUME = 10;
const END = 0x80;
/** Keys that wait at most. */
const MAX_WAITING = 64;

/** Sends an event's packet. `begins`: it is the event's first. */
export type EventSender = (begins: boolean, timestamp: number, payload: Uint8Array) => void;

/** Keys on their way to a telephone, as events (RFC 4733). */
export interface DigitsOut {
  /** Whether a key is held: nothing else is sent meanwhile. */
  readonly busy: boolean;
  add(digits: string): void;
  /** Goes on. To be called every 20 ms. `timestamp` is the stream's now, `clockRate` that of the events. */
  tick(now: number, timestamp: number, clockRate: number, send: EventSender): void;
}

export function createDigitsOut(): DigitsOut {
  const payload = new Uint8Array(4);
  let waiting = "";
  let key = -1;
  let startedAt = 0;
  let begunAt = 0;
  let notBefore = Number.NEGATIVE_INFINITY;
  return {
    get busy() {
      return key >= 0;
    },
    add(digits) {
      waiting = (waiting + digits).slice(0, MAX_WAITING);
    },
    tick(now, timestamp, clockRate, send) {
      const begins = key < 0 && waiting !== "" && now >= notBefore;
      if (begins) {
        key = DTMF_KEYS.indexOf(waiting[0]!);
        waiting = waiting.slice(1);
        startedAt = now;
        begunAt = timestamp;
      }
      if (key < 0) return;
      const isOver = now - startedAt >= TONE;
      payload[0] = key;
      payload[1] = VOLUME | (isOver ? END : 0);
      writeUint16(payload, 2, Math.max(1, Math.round((Math.min(now - startedAt, TONE) / 1_000) * clockRate)));
      for (let i = 0; i < (isOver ? ENDS : 1); i++) send(begins, begunAt, payload);
      if (!isOver) return;
      key = -1;
      notBefore = now + PAUSE;
    },
  };
}
