import { createRandom, type Random } from "./random.ts";

/** Loss in bursts: a good and a bad state with their own loss, changed with each packet. */
export interface GilbertElliott {
  readonly goodToBad: number;
  readonly badToGood: number;
  /** Default 0. */
  readonly lossInGood?: number;
  /** Default 1. */
  readonly lossInBad?: number;
}

/** One direction of a path. Everything is off by default. */
export interface LinkOptions {
  /** Propagation (ms). */
  readonly delay?: number;
  /** Up to so much more (ms), drawn evenly for each packet; order is kept. */
  readonly jitter?: number;
  /** Share of packets lost: a number, or bursts. */
  readonly loss?: number | GilbertElliott;
  /** Share of packets that take {@link LinkOptions.reorderBy} longer, and so arrive behind later ones. */
  readonly reorder?: number;
  /** Default 30 ms. */
  readonly reorderBy?: number;
  /** Share of packets that arrive twice. */
  readonly duplicate?: number;
  /** Bottleneck in bits per second. */
  readonly rate?: number;
  /** Bytes that wait before the bottleneck; what finds no room is lost. Default 64 KiB. */
  readonly queue?: number;
}

/** What became of a link's packets. */
export interface LinkCounts {
  sent: number;
  delivered: number;
  lost: number;
  /** Lost to a full queue. */
  overflowed: number;
}

/** One direction of a path in virtual time. */
export interface Link {
  options: LinkOptions;
  readonly counts: LinkCounts;
  /** Sends a copy of the packet. */
  send(packet: Uint8Array): void;
}

/** Virtual time, events in it, and links between whatever is tested. Deterministic by its seed. */
export interface Netsim {
  /** Milliseconds. */
  readonly now: number;
  readonly random: Random;
  /** Runs `action` at a time; those of the same time in order of their scheduling. */
  at(time: number, action: () => void): void;
  /** Runs `action` every `interval` ms, first after one. @returns what ends it. */
  every(interval: number, action: () => void): () => void;
  link(options: LinkOptions, deliver: (packet: Buffer) => void): Link;
  /** Lets time pass. */
  run(milliseconds: number): void;
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly action: () => void;
}

export function createNetsim(seed: number, start = 1_000_000): Netsim {
  const random = createRandom(seed);
  const heap: Event[] = [];
  let now = start;
  let order = 0;

  function at(time: number, action: () => void): void {
    push(heap, { time: Math.max(time, now), order: order++, action });
  }

  return {
    get now() {
      return now;
    },
    random,
    at,
    every(interval, action) {
      let active = true;
      const turn = () => {
        if (!active) return;
        action();
        at(now + interval, turn);
      };
      at(now + interval, turn);
      return () => {
        active = false;
      };
    },
    link: (options, deliver) => createLink(options, deliver, random, () => now, at),
    run(milliseconds) {
      const end = now + milliseconds;
      while (heap.length > 0 && heap[0]!.time <= end) {
        const event = pop(heap);
        now = event.time;
        event.action();
      }
      now = end;
    },
  };
}

function createLink(
  options: LinkOptions,
  deliver: (packet: Buffer) => void,
  random: Random,
  clock: () => number,
  at: (time: number, action: () => void) => void,
): Link {
  const counts: LinkCounts = { sent: 0, delivered: 0, lost: 0, overflowed: 0 };
  let bad = false;
  let idleAt = 0;
  let lastArrival = 0;

  function isLost(loss: number | GilbertElliott): boolean {
    if (typeof loss === "number") return random.chance(loss);
    bad = bad ? !random.chance(loss.badToGood) : random.chance(loss.goodToBad);
    return random.chance(bad ? (loss.lossInBad ?? 1) : (loss.lossInGood ?? 0));
  }

  const link: Link = {
    options,
    counts,
    send(packet) {
      const { delay = 0, jitter = 0, loss = 0, reorder = 0, duplicate = 0, rate, queue = 65_536 } = link.options;
      const now = clock();
      counts.sent++;
      let leaves = now;
      if (rate !== undefined) {
        idleAt = Math.max(idleAt, now);
        if (((idleAt - now) * rate) / 8000 + packet.length > queue) {
          counts.overflowed++;
          return;
        }
        idleAt += (packet.length * 8000) / rate;
        leaves = idleAt;
      }
      if (isLost(loss)) {
        counts.lost++;
        return;
      }
      let arrival = Math.max(lastArrival, leaves + delay + random.next() * jitter);
      if (random.chance(reorder)) arrival += link.options.reorderBy ?? 30;
      else lastArrival = arrival;
      const copies = random.chance(duplicate) ? 2 : 1;
      for (let i = 0; i < copies; i++) {
        const copy = Buffer.from(packet);
        at(arrival, () => {
          counts.delivered++;
          deliver(copy);
        });
      }
    },
  };
  return link;
}

function before(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.push(event) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(event, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event {
  const top = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return top;
  let at = 0;
  while (true) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return top;
}
