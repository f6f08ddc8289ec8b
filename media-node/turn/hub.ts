import type { TurnOrder } from "./config.ts";
import type { TurnNews } from "./news.ts";

/**
 * What the TURN workers of a node know together, kept by the main process: it passes their news on, and brings a worker that
 * starts anew up to date. Sans-I/O: `send` takes an order to a worker.
 */
export interface TurnHub {
  /** A worker listens and takes orders. @param mediaPort where it carries media; 0: nowhere */
  started(worker: number, mediaPort: number): void;
  /** A worker is gone, and everything that it held with it. */
  ended(worker: number): void;
  heard(worker: number, news: TurnNews): void;
  /** Secrets from the edge, in place of those it gave before. */
  arm(secrets: readonly string[]): void;
  /** Ends what an identity has and refuses it until `until` (seconds since 1970). */
  revoke(identity: string, until: number): void;
  /** No worker takes new allocations from now on. */
  drain(): void;
  reload(): void;
}

interface Known {
  readonly mediaPort: number;
  readonly relays: Map<string, Extract<TurnNews, { type: "relay" }>>;
  readonly held: Map<string, number>;
}

export function createTurnHub(send: (worker: number, order: TurnOrder) => void, unixSeconds: () => number): TurnHub {
  const workers = new Map<number, Known>();
  const revoked = new Map<string, number>();
  let secrets: readonly string[] | undefined;
  let isDraining = false;

  function tellAll(order: TurnOrder, except = -1): void {
    for (const worker of workers.keys()) if (worker !== except) send(worker, order);
  }

  /** What makes up for everything that a worker has, or, turned around, had. */
  function sumOf({ mediaPort, relays, held }: Known, isThere: boolean): TurnOrder[] {
    return [
      ...(mediaPort > 0 ? [{ type: "media", port: mediaPort, open: isThere } as const] : []),
      ...[...relays.values()].map(relay => ({ ...relay, open: isThere })),
      ...[...held].map(([identity, count]) => ({ type: "held", identity, change: isThere ? count : -count }) as const),
    ];
  }

  return {
    started(worker, mediaPort) {
      if (secrets) send(worker, { type: "arm", secrets });
      const now = unixSeconds();
      for (const [identity, until] of revoked) {
        if (until > now) send(worker, { type: "revoke", identity, until });
        else revoked.delete(identity);
      }
      if (isDraining) send(worker, { type: "drain" });
      for (const known of workers.values()) for (const order of sumOf(known, true)) send(worker, order);
      workers.set(worker, { mediaPort, relays: new Map(), held: new Map() });
      if (mediaPort > 0) tellAll({ type: "media", port: mediaPort, open: true }, worker);
    },
    ended(worker) {
      const known = workers.get(worker);
      workers.delete(worker);
      if (known) for (const order of sumOf(known, false)) tellAll(order);
    },
    heard(worker, news) {
      const known = workers.get(worker);
      if (!known) return;
      if (news.type === "relay") {
        const key = `${news.family} ${news.port}`;
        if (news.open) known.relays.set(key, news);
        else known.relays.delete(key);
      } else if (news.type === "held") {
        const count = (known.held.get(news.identity) ?? 0) + news.change;
        if (count > 0) known.held.set(news.identity, count);
        else known.held.delete(news.identity);
      }
      tellAll(news, worker);
    },
    arm(given) {
      secrets = given;
      tellAll({ type: "arm", secrets });
    },
    revoke(identity, until) {
      const now = unixSeconds();
      for (const [other, expiry] of revoked) if (expiry <= now) revoked.delete(other);
      revoked.set(identity, Math.max(until, revoked.get(identity) ?? 0));
      tellAll({ type: "revoke", identity, until });
    },
    drain() {
      isDraining = true;
      tellAll({ type: "drain" });
    },
    reload: () => tellAll({ type: "reload" }),
  };
}
