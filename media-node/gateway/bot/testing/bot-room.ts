/**
 * Programs in a room in virtual time: real router, real mixer and codecs, no threads and no sockets.
 * @module
 */
import {
  type BotAudio,
  type BotEvent,
  type Grants,
  MEMBER_GRANTS,
  type NodeParticipant,
} from "../../../../src/protocol/index.ts";
import { createRouter, type Router } from "../../../room/router.ts";
import { createTestMixing } from "../../../testing/mixing.ts";
import { tone } from "../../../testing/tones.ts";
import { type Bot, createBot } from "../bot.ts";

const TICK = 20;

/** A program at the other end. */
export interface TestBot {
  readonly bot: Bot;
  readonly events: BotEvent[];
  /** Samples that it got. */
  readonly heard: Float32Array;
  /** How the node's end of it stands: open, or how it was closed. */
  readonly states: string[];
  /** Whether the node reads what it sends. */
  readonly reading: boolean;
  /** Whether it reads what the node sends. */
  reads: boolean;
  participant: NodeParticipant;
  /** Has the room say something else of it. */
  update(more: Partial<NodeParticipant>): void;
  say(pcm: Float32Array): void;
  forget(): void;
}

export interface BotRoom {
  readonly router: Router;
  readonly now: number;
  /** Whether there can be a mixer. */
  mixing: boolean;
  /** The mixer's thread has died. */
  loseMixer(): void;
  /** Somebody comes; `connects`: through its door, too. */
  enter(number: number, audio: Partial<BotAudio>, grants?: Grants, connects?: boolean): TestBot;
  /** Lets time pass. */
  run(milliseconds: number, each?: () => void): void;
}

/** Sixteen-bit samples of a sine. */
export const pcmTone = (frequency: number, rate: number, milliseconds: number): Float32Array =>
  tone(frequency, rate, (rate * milliseconds) / 1_000);

export function createBotRoom(): BotRoom {
  let now = 1_790_000_000_000;
  const router = createRouter();
  const bots: TestBot[] = [];
  const mixing = createTestMixing(now);

  const world: BotRoom = {
    router,
    get now() {
      return now;
    },
    get mixing() {
      return mixing.available;
    },
    set mixing(available) {
      mixing.available = available;
    },
    loseMixer: () => mixing.lose(now),
    enter(number, wish, grants = MEMBER_GRANTS, connects = true) {
      const audio: BotAudio = { speak: false, rate: 48_000, ...wish };
      const chunks: Uint8Array[] = [];
      let unread = 0;
      let heardAt = now;
      let reading = true;
      const test: TestBot = {
        bot: undefined as unknown as Bot,
        events: [],
        states: [],
        reads: true,
        get reading() {
          return reading;
        },
        get heard() {
          const bytes = new Uint8Array(Buffer.concat(chunks));
          return Float32Array.from(new Int16Array(bytes.buffer), sample => sample / 32_768);
        },
        participant: {
          pid: `p_${String(number).padStart(8, "0")}`,
          number,
          grants,
          sources: audio.speak ? [{ number: number * 16, kind: "mic", muted: false }] : [],
        },
        update(more) {
          test.participant = { ...test.participant, ...more };
          test.bot.update(test.participant, now);
        },
        say(pcm) {
          heardAt = now;
          const bytes = new Uint8Array(Int16Array.from(pcm, sample => Math.round(sample * 32_767)).buffer);
          test.bot.binary(bytes, now);
        },
        forget() {
          chunks.length = 0;
          test.events.length = 0;
        },
      };
      const bot = createBot({
        ...{ router, mixing: mixing.host, participant: test.participant, audio, now },
        onState: state => test.states.push(state),
      });
      Object.assign(test, { bot });
      bots.push(test);
      if (!connects) return test;
      bot.connected(
        {
          get unread() {
            return unread;
          },
          get heardAt() {
            return heardAt;
          },
          sendText: text => test.events.push(JSON.parse(text) as BotEvent),
          sendPcm(pcm) {
            if (test.reads) chunks.push(Uint8Array.from(pcm));
            else unread += pcm.length;
          },
          ping() {
            // Its answer: a pong.
            if (test.reads) heardAt = now;
          },
          pause: () => {
            reading = false;
          },
          resume: () => {
            reading = true;
          },
          close: code => test.states.push(String(code)),
        },
        now,
      );
      return test;
    },
    run(milliseconds, each) {
      for (const end = now + milliseconds; now < end; ) {
        now += TICK;
        each?.();
        router.tick(now);
        for (const { bot } of bots) bot.tick(now);
        mixing.run(now);
      }
    },
  };
  return world;
}
