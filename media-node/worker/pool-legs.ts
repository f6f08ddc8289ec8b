import { type Assignment, TandemError } from "../../src/protocol/index.ts";
import type { ClipName } from "../gateway/leg/clips.ts";
import type { LegAgreement, LegNews, LegOrder, LegPlace } from "../gateway/leg/orders.ts";

/** What a call hears of its leg. */
export interface LegEvents {
  digit(digit: string): void;
  /** A prompt has been played to its end. */
  said(clip: ClipName): void;
  /** It is of no use any more: `silent`: nothing comes of the telephone; `left`: its participant is gone; `lost`: it, or its worker, failed. */
  over(why: "silent" | "left" | "lost"): void;
}

/** A call's leg, in one of the workers. */
export interface PoolLeg {
  /** Where its RTP is to be sent to. */
  readonly place: LegPlace;
  /** Whether its worker carries a room: only then it can be in it. */
  isBeside(room: Assignment): boolean;
  update(agreement: LegAgreement): void;
  /** Resolves once it is in the room. @throws (rejects with) TandemError */
  join(room: Assignment, pid: string): Promise<void>;
  prompt(clip: ClipName): void;
  dial(digits: string): void;
  /** The telephone wants a key picture. */
  refreshPicture(): void;
  /** Idempotent. */
  close(): void;
}

export interface PoolLegs {
  /**
   * Opens a leg, beside a room if one is named; for video too if wanted.
   * @throws (rejects with) TandemError `no-such-room`, `node-setting`, `rtp-unavailable` or `no-media-node`
   */
  open(events: LegEvents, room?: Assignment, video?: boolean): Promise<PoolLeg>;
  heard(news: LegNews): void;
  workerEnded(worker: number): void;
}

export interface PoolLegsOptions {
  readonly ask: (worker: number, order: LegOrder) => Promise<LegPlace | undefined>;
  /** The worker for a leg that belongs to no room yet. @throws TandemError */
  readonly pick: () => number;
  readonly workerOf: (room: Assignment) => number | undefined;
}

const WHY = { "leg.silent": "silent", "leg.left": "left", "leg.failed": "lost" } as const;

export function createPoolLegs({ ask, pick, workerOf }: PoolLegsOptions): PoolLegs {
  const legs = new Map<number, { readonly worker: number; readonly events: LegEvents }>();
  let last = 0;

  function over(leg: number, why: Parameters<LegEvents["over"]>[0]): void {
    legs.get(leg)?.events.over(why);
  }

  return {
    async open(events, room, video = false) {
      const worker = room === undefined ? pick() : workerOf(room);
      if (worker === undefined) throw new TandemError("no-such-room");
      const leg = ++last;
      /** What fails is told by the leg's end, or doesn't matter any more. */
      const tell = (said: LegOrder): void => void ask(worker, said).catch(() => {});
      const place = await ask(worker, { type: "leg.open", leg, video }).catch((error: unknown) => {
        // It may yet be opened, for nobody.
        tell({ type: "leg.close", leg });
        throw error;
      });
      if (place === undefined) throw new TandemError("internal", "no leg was opened");
      legs.set(leg, { worker, events });
      const order = (said: LegOrder): void => {
        if (legs.has(leg)) tell(said);
      };
      return {
        place,
        isBeside: where => workerOf(where) === worker,
        update: agreement => order({ type: "leg.update", leg, agreement }),
        async join({ room: name, life, epoch }, pid) {
          await ask(worker, { type: "leg.join", leg, pid, room: name, life, epoch });
        },
        prompt: clip => order({ type: "leg.prompt", leg, clip }),
        dial: digits => order({ type: "leg.dtmf", leg, digits }),
        refreshPicture: () => order({ type: "leg.picture", leg }),
        close() {
          if (legs.delete(leg)) tell({ type: "leg.close", leg });
        },
      };
    },
    heard(news) {
      if (news.type === "leg.digit") legs.get(news.leg)?.events.digit(news.digit);
      else if (news.type === "leg.said") legs.get(news.leg)?.events.said(news.clip);
      else over(news.leg, WHY[news.type]);
    },
    workerEnded(worker) {
      for (const [leg, held] of [...legs]) {
        if (held.worker !== worker) continue;
        // Nothing may be asked of a worker that is gone.
        legs.delete(leg);
        held.events.over("lost");
      }
    },
  };
}
