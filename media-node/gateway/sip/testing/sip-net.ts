import { createRandom } from "../../../testing/random.ts";
import { parseMessage } from "../message/parse.ts";
import { createSipStack, type SipHandler, type SipStack, type SipStackOptions } from "../stack.ts";
import type { SipFlow, SipTransport } from "../transport/flow.ts";

/** A stack in the net, with every message that it sent. */
export interface NetStack {
  readonly stack: SipStack;
  readonly address: string;
  readonly sent: string[];
}

/** Somebody in the net who does what a test says. */
export interface NetPeer {
  readonly address: string;
  /** Texts that came, oldest first; `next` takes them out. */
  readonly inbox: string[];
  /** Runs the net until a message comes whose start line begins so, and takes it and all before it out. */
  next(startsWith: string): string;
  send(to: string, text: string): void;
}

export interface SipNetOptions {
  readonly seed?: number;
  /** Share of messages that get lost, and that come twice, on UDP. */
  readonly loss?: number;
  readonly duplication?: number;
  /** How many milliseconds later than others some come, on UDP: they overtake each other. */
  readonly jitter?: number;
  readonly transport?: SipTransport;
  /** Decides about single messages: true loses it. */
  loses?(text: string, from: string, to: string): boolean;
}

/** Stacks and scripted peers on a network of 10 ms, all in virtual time. */
export interface SipNet {
  readonly now: number;
  addStack(address: string, handler?: Partial<SipHandler>, options?: Partial<SipStackOptions>): NetStack;
  addPeer(address: string): NetPeer;
  /** Lets that many milliseconds go by. */
  run(milliseconds: number): void;
  /** Breaks all connections between two. */
  cut(a: string, b: string): void;
}

/** Milliseconds. */
const DELAY = 10;
/** More events than this in one run are a loop. */
const MAX_STEPS = 200_000;

export function createSipNet(options: SipNetOptions = {}): SipNet {
  const { seed = 1, loss = 0, duplication = 0, jitter = 0, transport = "udp", loses } = options;
  const random = createRandom(seed);
  const stacks = new Map<string, NetStack>();
  const peers = new Map<string, NetPeer>();
  const inTransit: { at: number; from: string; to: string; bytes: Uint8Array }[] = [];
  let now = 1_000;

  const flowTo = (address: string): SipFlow => ({
    transport,
    address,
    port: 5060,
    connection: transport === "udp" ? 0 : 1,
  });

  function post(from: string, to: string, bytes: Uint8Array): boolean {
    const text = Buffer.from(bytes).toString("latin1");
    stacks.get(from)?.sent.push(text);
    if (loses?.(text, from, to) || (transport === "udp" && random.chance(loss))) return true;
    const copies = transport === "udp" && random.chance(duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      const at = now + DELAY + (transport === "udp" ? random.integer(0, jitter) : 0);
      const later = inTransit.findIndex(message => message.at > at);
      inTransit.splice(later < 0 ? inTransit.length : later, 0, { at, from, to, bytes });
    }
    return transport === "udp" || stacks.has(to) || peers.has(to);
  }

  function deliver({ from, to, bytes }: (typeof inTransit)[number]): void {
    stacks.get(to)?.stack.receive(flowTo(from), bytes, now);
    peers.get(to)?.inbox.push(Buffer.from(bytes).toString("latin1"));
  }

  /** Goes to the next event; false if there is none until `end`. */
  function step(end: number): boolean {
    let at = inTransit[0]?.at ?? Number.POSITIVE_INFINITY;
    for (const { stack } of stacks.values()) at = Math.min(at, stack.nextTimeout);
    if (at > end) return false;
    now = Math.max(now, at);
    while (inTransit[0] && inTransit[0].at <= now) deliver(inTransit.shift()!);
    for (const { stack } of stacks.values()) stack.advance(now);
    return true;
  }

  function run(milliseconds: number): void {
    const end = now + milliseconds;
    for (let steps = 0; step(end); steps++) if (steps > MAX_STEPS) throw new Error("the net never comes to rest");
    now = end;
    for (const { stack } of stacks.values()) stack.advance(now);
  }

  return {
    get now() {
      return now;
    },
    run,
    addStack(address, handler = {}, more = {}) {
      const stack = createSipStack({
        io: {
          send: (flow, bytes) => post(address, flow.address, bytes),
          resolve: (uri, done) => done([flowTo(uri.host)], now),
          addressOf: () => ({ host: address, port: 5060 }),
        },
        handler: {
          admit: () => ({ kind: "accept" }),
          called(call) {
            call.reject(480, now);
            return { progress() {}, established() {}, info: () => 200, offerRefused() {}, ended() {} };
          },
          ...handler,
        },
        randomBytes: length => random.fill(new Uint8Array(length)),
        now,
        ...more,
      });
      const added: NetStack = { stack, address, sent: [] };
      stacks.set(address, added);
      return added;
    },
    addPeer(address) {
      const inbox: string[] = [];
      const peer: NetPeer = {
        address,
        inbox,
        next(startsWith) {
          for (let steps = 0; steps < MAX_STEPS; steps++) {
            const at = inbox.findIndex(text => text.startsWith(startsWith));
            if (at >= 0) return inbox.splice(0, at + 1)[at]!;
            if (!step(now + 3_600_000)) break;
          }
          throw new Error(`no "${startsWith}" came; there is ${inbox.map(text => text.split("\r\n", 1)[0])}`);
        },
        send(to, text) {
          const bytes = Buffer.from(text, "latin1");
          if (!parseMessage(bytes)) throw new Error(`a test must write SIP that can be read: ${text}`);
          post(address, to, bytes);
        },
      };
      peers.set(address, peer);
      return peer;
    },
    cut(a, b) {
      for (const [near, far] of [
        [a, b],
        [b, a],
      ] as const) {
        stacks.get(near)?.stack.flowFailed(flowTo(far), now);
      }
    },
  };
}
