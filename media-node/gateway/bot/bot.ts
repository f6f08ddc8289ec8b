/**
 * A program in a room: behind its door it gets PCM and gives PCM. Sans-I/O: the door hands messages over and takes them.
 * @module
 */
import * as v from "valibot";
import {
  BOT_COMMANDS,
  type BotAudio,
  type BotEvent,
  type NodeParticipant,
  TIMES,
} from "../../../src/protocol/index.ts";
import { opus } from "../../codec/opus.ts";
import { pcmBytes } from "../../codec/pcm.ts";
import type { MixHost } from "../../mix/mix-host.ts";
import type { Router } from "../../room/router.ts";
import { createPublishedSource } from "../published-source.ts";
import type { BotChannel, BotGuest } from "./door.ts";
import { createHearing, type Hearing } from "./hearing.ts";
import { createSpeech, type Speech } from "./speech.ts";

/** Sound (ms) that waits for a program to read it at most; then what comes is left out. */
const MAX_UNREAD = 1_000;
/** One that reads nothing, and answers no ping, for so long (ms) is gone. */
const PATIENCE = 30_000;
const PING_INTERVAL = 10_000;

export interface BotOptions {
  readonly router: Router;
  readonly mixing: MixHost;
  readonly participant: NodeParticipant;
  readonly audio: BotAudio;
  readonly now: number;
  /** Told once of each, the latter however it ended but by {@link Bot.close}. */
  readonly onState: (state: "connected" | "closed", now: number) => void;
}

export interface Bot extends BotGuest {
  /** The participant as it is now: what it publishes, what it may do. */
  update(participant: NodeParticipant, now: number): void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. `code` is one of WebSocket's, `reason` for who reads logs. */
  close(now: number, code: number, reason: string): void;
}

export function createBot(options: BotOptions): Bot {
  const { router, mixing, audio, onState } = options;
  let { participant } = options;
  let channel: BotChannel | undefined;
  const mic = createPublishedSource({ router, kind: "mic", codec: opus });
  let kinds: ReadonlySet<NonNullable<NodeParticipant["grants"]["subscribe"]>[number]> = new Set();
  let hearing: Hearing | undefined;
  let speech: Speech | undefined;
  let nextPing = 0;
  let unreadSince = Number.POSITIVE_INFINITY;
  let dropped = 0;
  let paused = false;
  let closed = false;
  const until = options.now + TIMES.botDoor;

  const tell = (event: BotEvent): void => channel?.sendText(JSON.stringify(event));

  function hear(bytes: Buffer, offset: number, length: number, now: number): void {
    if (channel === undefined) return;
    if (channel.unread > pcmBytes(audio.rate, MAX_UNREAD)) {
      if (unreadSince > now) unreadSince = now;
      dropped += 20;
      return;
    }
    unreadSince = Number.POSITIVE_INFINITY;
    if (dropped > 0) tell({ type: "dropped", time: dropped });
    dropped = 0;
    channel.sendPcm(bytes.subarray(offset, offset + length));
  }

  function end(now: number): void {
    hearing?.close();
    speech?.close();
    mic.close(now);
  }

  function close(now: number, code: number, reason: string): void {
    if (closed) return;
    closed = true;
    end(now);
    channel?.close(code, reason);
  }

  /** It is over, and the room doesn't know. */
  function lose(now: number, code: number, reason: string): void {
    if (closed) return;
    close(now, code, reason);
    onState("closed", now);
  }

  /** What is left out is told again when it can be heard; what is too much isn't read. */
  function watch(open: BotChannel, now: number): void {
    if (speech !== undefined && paused && speech.ready) {
      paused = false;
      open.resume();
    }
    if (now >= nextPing) {
      nextPing = now + PING_INTERVAL;
      open.ping();
    }
    if (now - open.heardAt > PATIENCE) lose(now, 4408, "nothing heard");
    else if (now - unreadSince > PATIENCE) lose(now, 4429, "nothing read");
  }

  function update(next: NodeParticipant, now: number): void {
    if (closed) return;
    participant = next;
    kinds = new Set(participant.grants.subscribe);
    if (audio.speak && mic.update(participant, now)) tell({ type: "muted", muted: !mic.source?.open });
  }

  update(participant, options.now);
  return {
    update,
    connected(opened, now) {
      channel = opened;
      nextPing = now + PING_INTERVAL;
      tell({ type: "ready", pid: participant.pid, rate: audio.rate, source: mic.source?.number ?? 0 });
      if (mic.source?.open === false) tell({ type: "muted", muted: true });
      const { number } = participant;
      const { rate } = audio;
      if (audio.hear !== undefined) {
        const from = { router, mixing, participant: number, hear: audio.hear, rate };
        hearing = createHearing({ ...from, kinds: () => kinds, onFrame: hear });
      }
      if (audio.speak) {
        const onPlayed = (): void => tell({ type: "played" });
        speech = createSpeech({ rate, mixing, participant: number, source: () => mic.source, onPlayed });
      }
      onState("connected", now);
    },
    binary(bytes, now) {
      if (speech === undefined) return;
      if (!speech.push(bytes, now)) lose(now, 4400, "no whole samples, or too many at once");
      else if (speech.full && !paused) {
        paused = true;
        channel?.pause();
      }
    },
    text(text, now) {
      let said: unknown;
      try {
        said = JSON.parse(text);
      } catch {
        lose(now, 4401, "not JSON");
        return;
      }
      if (v.is(BOT_COMMANDS.clear, said)) speech?.clear();
    },
    disconnected(now) {
      channel = undefined;
      lose(now, 1000, "");
    },
    tick(now) {
      if (closed) return;
      if (channel === undefined) {
        if (now > until) lose(now, 4408, "nobody came");
        return;
      }
      hearing?.tick(now);
      speech?.tick(now);
      watch(channel, now);
    },
    close,
  };
}
