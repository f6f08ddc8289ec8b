import { TandemError } from "../../src/protocol/index.ts";
import type { Outcome } from "./messages.ts";

/** So long (ms) is waited for a participant. */
const PATIENCE = 2_000;

type Work = (now: number) => Outcome | Promise<Outcome>;

/** What was asked for participants that have not come yet: commands may overtake each other. */
export interface Arrivals {
  /** Does it when the participant comes. Rejects with a TandemError if that doesn't, or the room closes. */
  wait(pid: string, now: number, work: Work): Promise<Outcome>;
  /** It is there. */
  arrived(pid: string, now: number): void;
  /** Gives up what has waited too long. To be called every 20 ms or so. */
  tick(now: number): void;
  /** The room closes. */
  close(): void;
}

interface Waiting {
  readonly pid: string;
  readonly until: number;
  readonly work: Work;
  readonly resolve: (outcome: Outcome | Promise<Outcome>) => void;
  readonly reject: (error: Error) => void;
}

export function createArrivals(): Arrivals {
  const all = new Set<Waiting>();
  return {
    wait: (pid, now, work) =>
      new Promise((resolve, reject) => {
        all.add({ pid, until: now + PATIENCE, work, resolve, reject });
      }),
    arrived(pid, now) {
      for (const waiting of all) {
        if (waiting.pid !== pid) continue;
        all.delete(waiting);
        try {
          waiting.resolve(waiting.work(now));
        } catch (error) {
          waiting.reject(error as Error);
        }
      }
    },
    tick(now) {
      for (const waiting of all) {
        if (now < waiting.until) continue;
        all.delete(waiting);
        waiting.reject(new TandemError("no-such-participant"));
      }
    },
    close() {
      for (const { reject } of all) reject(new TandemError("room-closed"));
      all.clear();
    },
  };
}
