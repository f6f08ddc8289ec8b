import { createRandom } from "../../testing/random.ts";

export interface LinkModel {
  readonly seed?: number;
  /** One-way delay in ms; `jitter` adds up to as much, which reorders. */
  readonly delay?: number;
  readonly jitter?: number;
  /** Probabilities per datagram. */
  readonly loss?: number;
  readonly duplication?: number;
}

/** One end of the link, as both our endpoints and the test client are shaped. */
export interface Endpoint {
  handle(datagram: Uint8Array, now: number): void;
  nextTimeout(): number;
  tick(now: number): void;
}

export interface Link {
  readonly now: number;
  /** What was sent, by end, lost or not, in order. */
  readonly sent: readonly [Uint8Array[], Uint8Array[]];
  /** Queues a datagram from end 0 or 1 to the other. */
  send(from: 0 | 1, datagram: Uint8Array): void;
  /** Runs until `done`, until nothing is left to happen, or until `limit` ms. */
  run(ends: readonly [Endpoint, Endpoint], done: () => boolean, limit: number): void;
}

/** A lossy, reordering, duplicating link between two Sans-I/O endpoints in virtual time. */
export function createLink(model: LinkModel = {}): Link {
  const { seed = 1, delay = 20, jitter = 0, loss = 0, duplication = 0 } = model;
  const random = createRandom(seed);
  const queue: { at: number; order: number; to: 0 | 1; datagram: Uint8Array }[] = [];
  const sent: [Uint8Array[], Uint8Array[]] = [[], []];
  const slab = Buffer.alloc(65_536);
  let now = 0;
  let order = 0;
  const enqueue = (to: 0 | 1, datagram: Uint8Array): void => {
    queue.push({ at: now + delay + random.next() * jitter, order: order++, to, datagram });
    queue.sort((a, b) => a.at - b.at || a.order - b.order);
  };
  return {
    get now() {
      return now;
    },
    sent,
    send(from, datagram) {
      sent[from].push(new Uint8Array(datagram));
      if (random.chance(loss)) return;
      enqueue(from === 0 ? 1 : 0, datagram);
      if (random.chance(duplication)) enqueue(from === 0 ? 1 : 0, datagram);
    },
    run(ends, done, limit) {
      while (!done()) {
        const next = Math.min(queue[0]?.at ?? Number.POSITIVE_INFINITY, ...ends.map(end => end.nextTimeout()));
        if (next > limit) return;
        now = Math.max(now, next);
        if (queue[0] !== undefined && queue[0].at <= now) {
          const { to, datagram } = queue.shift()!;
          // As a socket would: a Buffer that the next datagram overwrites.
          slab.set(datagram);
          ends[to].handle(slab.subarray(0, datagram.length), now);
          slab.fill(0xff, 0, datagram.length);
        } else for (const end of ends) if (end.nextTimeout() <= now) end.tick(now);
      }
    },
  };
}
