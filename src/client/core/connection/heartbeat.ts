import { PING } from "../../../protocol/version.ts";
import type { Surroundings } from "../surroundings.ts";

/** How long an answer to a ping may take. */
const PATIENCE = 3_000;

export interface Heartbeat {
  /** Ping every `period` ms from now on. */
  start(period: number): void;
  /** Something arrived: the connection lives. */
  heard(): void;
  /** Find out now, because the host's network or page changed. */
  probe(): void;
  stop(): void;
}

/**
 * Liveness by a text ping that the platform answers without waking the room. Silence is not death: a hibernating room says
 * nothing for hours, and a page's timers may sleep as long. So silence only makes us ask, and only two questions in a row
 * without any answer, each with its full time, make the connection dead.
 */
export function createHeartbeat(surroundings: Surroundings, send: (text: string) => void, dead: () => void): Heartbeat {
  let period = 0;
  let asked = 0;
  let cancel = (): void => {};

  const after = (ms: number, callback: () => void): void => {
    cancel();
    cancel = surroundings.setTimer(callback, ms);
  };
  const ask = (): void => {
    asked++;
    send(PING);
    after(PATIENCE, asked < 2 ? ask : dead);
  };
  const rest = (): void => {
    asked = 0;
    after(period, ask);
  };
  return {
    start(ms) {
      period = ms;
      rest();
    },
    heard() {
      if (asked > 0) rest();
    },
    probe() {
      if (period > 0 && asked === 0) ask();
    },
    stop() {
      period = 0;
      cancel();
    },
  };
}
