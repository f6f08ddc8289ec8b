import { TandemError } from "../../../src/protocol/index.ts";
import type { DtlsCertificate } from "../../dtls/certificate.ts";
import type { HandshakeBudget } from "../../dtls/handshake-budget.ts";
import { createIceCredentials } from "../../ice/credentials.ts";
import type { Log } from "../../log.ts";
import type { MixHost } from "../../mix/mix-host.ts";
import { createTally, type Tally } from "../../session/tally.ts";
import type { OpenPair, RtpHost } from "../rtp/leg.ts";
import type { Clips } from "./clips.ts";
import { createLeg, type Leg } from "./leg.ts";
import type { LegNews, LegOrder, LegPlace } from "./orders.ts";
import { createLegVideo } from "./video.ts";

export interface LegsOptions {
  readonly rtp: RtpHost;
  readonly mixing: MixHost;
  /** What they are told; absent: nothing. */
  readonly clips?: Clips | undefined;
  /** Our end of DTLS. */
  readonly certificate: () => DtlsCertificate;
  readonly handshakes: HandshakeBudget;
  readonly tell: (news: LegNews) => void;
  readonly log: Log;
  /** Lets a leg into a room, now or when its participant has come. @throws (or rejects with) TandemError */
  readonly join: (leg: Leg, order: Extract<LegOrder, { type: "leg.join" }>, now: number) => void | Promise<void>;
}

/** The legs of a worker. */
export interface Legs {
  readonly size: number;
  /** @returns the place of one that was opened. @throws (rejects with) TandemError */
  obey(order: LegOrder, now: number): Promise<LegPlace | undefined>;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  count(tally: Tally): void;
  close(now: number): void;
}

export function createLegs({ rtp, mixing, clips, certificate, handshakes, tell, log, join }: LegsOptions): Legs {
  const legs = new Map<number, Leg>();
  const past = createTally();
  /** Those whose ports are being opened. */
  const coming = new Set<number>();

  function end(number: number, now: number): void {
    coming.delete(number);
    const leg = legs.get(number);
    if (leg === undefined) return;
    legs.delete(number);
    leg.close(now);
    leg.count(past);
  }

  async function openPairs(count: number): Promise<OpenPair[]> {
    const pairs: OpenPair[] = [];
    try {
      while (pairs.length < count) pairs.push(await rtp.openPair());
      return pairs;
    } catch (error) {
      for (const pair of pairs) pair.close();
      throw error;
    }
  }

  async function open(number: number, wantsVideo: boolean, now: number): Promise<LegPlace> {
    end(number, now);
    coming.add(number);
    const pairs = await openPairs(wantsVideo ? 2 : 1);
    // Opening took a moment, in which the call may have ended.
    if (!coming.delete(number)) {
      for (const pair of pairs) pair.close();
      throw new TandemError("no-such-call");
    }
    const [pair, beside] = [pairs[0]!, pairs[1]];
    const video = beside && createLegVideo(beside, past);
    const keys = { certificate: certificate(), handshakes, ice: createIceCredentials(0) };
    const leg = createLeg({
      ...{ pair, video, mixing, clips, keys, now },
      onDigit: digit => tell({ type: "leg.digit", leg: number, digit }),
      onSaid: clip => tell({ type: "leg.said", leg: number, clip }),
      onSilent: () => tell({ type: "leg.silent", leg: number }),
      onLeft: () => tell({ type: "leg.left", leg: number }),
    });
    legs.set(number, leg);
    return {
      address: rtp.address,
      port: pair.port,
      ...(beside && { videoPort: beside.port }),
      dtls: { fingerprint: keys.certificate.fingerprint, ice: keys.ice },
    };
  }

  return {
    get size() {
      return legs.size;
    },
    async obey(order, now) {
      const { leg: number } = order;
      if (order.type === "leg.open") return open(number, order.video, now);
      if (order.type === "leg.close") {
        end(number, now);
        return undefined;
      }
      const leg = legs.get(number);
      if (leg === undefined) throw new TandemError("no-such-call");
      if (order.type === "leg.update") leg.update(order.agreement, now);
      else if (order.type === "leg.prompt") leg.prompt(order.clip, now);
      else if (order.type === "leg.dtmf") leg.dial(order.digits);
      else if (order.type === "leg.picture") leg.refreshPicture(now);
      else await join(leg, order, now);
      return undefined;
    },
    tick(now) {
      for (const [number, leg] of legs) {
        try {
          leg.tick(now);
        } catch (error) {
          // A defect of ours ends the call that met it, not its neighbours.
          log.error("a call's leg failed", { leg: number, error: error instanceof Error ? error.stack : error });
          end(number, now);
          tell({ type: "leg.failed", leg: number });
        }
      }
    },
    count(tally) {
      tally.addAll(past);
      for (const leg of legs.values()) leg.count(tally);
    },
    close(now) {
      coming.clear();
      for (const number of [...legs.keys()]) end(number, now);
    },
  };
}
