import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { shortTermKey } from "../stun/credentials.ts";
import { createStunMessage, parseStun } from "../stun/message.ts";
import { createStunWriter, type StunWriter } from "../stun/writer.ts";
import { createIceAgent } from "./agent.ts";
import { signedUsername } from "./generation.ts";
import type { IceAgent, IceListener, IceResult } from "./types.ts";

/** What a check may deviate in from the one that a full, controlling agent sends. */
export interface CheckOptions {
  nominate?: boolean;
  priority?: number;
  username?: string;
  password?: string;
  sha256?: boolean;
  class?: number;
  method?: number;
  /** Writes further attributes before the integrity. */
  extra?: (writer: StunWriter) => void;
  unsigned?: boolean;
  controlled?: boolean;
  address?: string;
  port?: number;
}

export interface Sent {
  path: number;
  bytes: Uint8Array;
}

export const REMOTE = { ufrag: "evtj", password: "VOkJxbRl1RmTxUk/WvJxBt" };
export const RESTARTED = { ufrag: "h6vY", password: "0123456789abcdefghijklmn" };

/** An agent under test in virtual time, and the full agent at the other end of its paths. */
export interface Bench {
  agent: IceAgent;
  /** What the agent sent, oldest first. */
  sent: Sent[];
  /** What it told its listener, as `event` or `event value`, oldest first. */
  events: string[];
  now: number;
  /** Advances the clock through every deadline on the way. */
  advance(milliseconds: number): void;
  check(path: number, options?: CheckOptions): IceResult;
  /** Answers the newest request that the agent sent, from `path`. */
  respond(path: number, options?: { password?: string; class?: number }): IceResult;
  /** Moves what was sent or told so far out of `sent` and `events`. */
  flush(): void;
}

export function createBench(): Bench {
  const writer = createStunWriter();
  const buffer = new Uint8Array(1000);
  let transaction = 0;
  let seed = 0;
  const listener: IceListener = {
    onValid: path => void bench.events.push(`valid ${path}`),
    onForgotten: path => void bench.events.push(`forgotten ${path}`),
    onSelected: path => void bench.events.push(`selected ${path}`),
    onUfragRetired: ufrag => void bench.events.push(`retired ${ufrag}`),
    onSilent: () => void bench.events.push("silent"),
    onAlive: () => void bench.events.push("alive"),
    onTimeout: () => void bench.events.push("timeout"),
  };
  const bench: Bench = {
    agent: createIceAgent({
      workerId: 77,
      remote: REMOTE,
      now: 0,
      send: (path, bytes, offset, length) => bench.sent.push({ path, bytes: bytes.slice(offset, offset + length) }),
      listener,
      random: bytes => {
        for (let i = 0; i < bytes.length; i++) bytes[i] = seed += 37;
      },
    }),
    sent: [],
    events: [],
    now: 0,
    advance(milliseconds) {
      const end = bench.now + milliseconds;
      while (bench.agent.deadline <= end) {
        bench.now = Math.max(bench.now, bench.agent.deadline);
        bench.agent.tick(bench.now);
      }
      bench.now = end;
    },
    check(path, options = {}) {
      const { ufrag, password } = bench.agent.local;
      const id = new Uint8Array(12);
      new DataView(id.buffer).setUint32(0, ++transaction);
      writer.begin(buffer, 4, options.class ?? STUN_CLASS.request, options.method ?? STUN_METHOD.binding, id, 0);
      writer.text(STUN_ATTRIBUTE.username, options.username ?? `${ufrag}:${REMOTE.ufrag}`);
      writer.uint32(STUN_ATTRIBUTE.priority, options.priority ?? 1_853_824_767);
      writer.uint64(options.controlled ? STUN_ATTRIBUTE.iceControlled : STUN_ATTRIBUTE.iceControlling, 1, 2);
      if (options.nominate) writer.flag(STUN_ATTRIBUTE.useCandidate);
      options.extra?.(writer);
      const key = shortTermKey(options.password ?? password)!;
      if (options.sha256) writer.integritySha256(key);
      else if (!options.unsigned) writer.integrity(key);
      writer.fingerprint();
      const length = writer.finish();
      return bench.agent.handle(
        buffer,
        4,
        length,
        path,
        options.address ?? "192.0.2.1",
        options.port ?? 40_000 + path,
        bench.now,
      );
    },
    respond(path, options = {}) {
      const request = bench.sent.findLast(({ bytes }) => bytes[0] === 0 && bytes[1] === 1);
      if (request === undefined) throw new Error("the agent asked nothing");
      writer.begin(buffer, 0, options.class ?? STUN_CLASS.success, STUN_METHOD.binding, request.bytes, 8);
      writer.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, "192.0.2.9", 7000);
      writer.integrity(shortTermKey(options.password ?? REMOTE.password)!);
      writer.fingerprint();
      return bench.agent.handle(buffer, 0, writer.finish(), path, "192.0.2.1", 40_000 + path, bench.now);
    },
    flush() {
      bench.sent.length = 0;
      bench.events.length = 0;
    },
  };
  return bench;
}

/** Reads a sent message, which must be well-formed. */
export function read(sent: Sent | undefined) {
  const message = createStunMessage();
  if (sent === undefined || !parseStun(message, sent.bytes, 0, sent.bytes.length)) throw new Error("nothing was sent");
  return { message, usernameAt: signedUsername(message) };
}
