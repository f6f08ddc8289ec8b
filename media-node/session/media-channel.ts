import * as v from "valibot";
import {
  CLIENT_MEDIA,
  type ClientMediaMessage,
  type NodeMediaMessage,
  type Open,
  type SlotState,
} from "../../src/protocol/index.ts";
import type { SessionCounters } from "./counters.ts";

/** One wish of a client, best first: which source it wants to see, how large, how urgently. */
export type Wish = NonNullable<Extract<ClientMediaMessage, { type: "wishes" }>["videos"]>[number];

export type Listening = Extract<ClientMediaMessage, { type: "listen" }>["to"];

/** What this node can do beyond the first version. */
const FEATURES = ["mix"];

/** A client message is at most this long; 256 wishes fit. */
const MAX_MESSAGE = 32 * 1024;
/** A client that scrolls a grid sends a few wish lists a second. */
const MESSAGES_PER_SECOND = 20;
const MESSAGE_BURST = 40;

export interface MediaChannelOptions {
  /** Sends one text message. @returns false when it can't be taken now; the channel then tries again at the next flush. */
  readonly send: (text: string) => boolean;
  /** What the client wants to see; null: whoever speaks. */
  readonly onWishes: (wishes: readonly Wish[] | null) => void;
  /** How the client wants to hear the others; null: as the room says. */
  readonly onListen: (to: Listening) => void;
  readonly counters: SessionCounters;
}

/** The node's side of `tandem-media.v1` on a session's data channel. */
export interface MediaChannel {
  /** The transport is up: says hello and all that is known so far. */
  open(): void;
  /** Takes a message of the client, of which nothing is believed. `now` in ms. */
  receive(data: string | Uint8Array, now: number): void;
  /** What a slot carries from now on; sent by the next {@link flush}, which comes before the first packet leaves. */
  setSlot(mid: string, source: number, state: Open<SlotState>): void;
  /** Participant numbers of those who speak, loudest first. */
  setSpeakers(participants: readonly number[]): void;
  flush(): void;
}

type SlotEntry = { mid: string; source: number; state: Open<SlotState> };

const Message = v.variant("type", [CLIENT_MEDIA.hello, CLIENT_MEDIA.wishes, CLIENT_MEDIA.listen]);

/** The message in a text, `undefined` for one of a type we don't know, `null` for what is no message. */
function parse(data: string | Uint8Array): ClientMediaMessage | undefined | null {
  if (typeof data !== "string" || data.length > MAX_MESSAGE) return null;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || !("type" in value) || typeof value.type !== "string") return null;
  if (!Object.hasOwn(CLIENT_MEDIA, value.type)) return undefined;
  const result = v.safeParse(Message, value);
  return result.success ? result.output : null;
}

export function createMediaChannel({ send, onWishes, onListen, counters }: MediaChannelOptions): MediaChannel {
  const slots = new Map<string, SlotEntry>();
  const changed = new Set<string>();
  let speakers: readonly number[] = [];
  let speakersChanged = false;
  let opened = false;
  let greeted = false;
  let helloDue = false;
  let credit = MESSAGE_BURST;
  let creditAt = Number.NEGATIVE_INFINITY;

  const say = (message: NodeMediaMessage): boolean => {
    const taken = send(JSON.stringify(message));
    if (!taken) counters["data.dropped"]++;
    return taken;
  };

  function takeCredit(now: number): boolean {
    credit = Math.min(MESSAGE_BURST, credit + ((now - creditAt) * MESSAGES_PER_SECOND) / 1000);
    creditAt = now;
    if (credit < 1) return false;
    credit--;
    return true;
  }

  function flush(): void {
    if (!opened) return;
    if (helloDue) {
      if (!say({ type: "hello", features: FEATURES })) return;
      helloDue = false;
    }
    if (changed.size > 0) {
      const entries: SlotEntry[] = [];
      for (const mid of changed) entries.push(slots.get(mid)!);
      if (!say({ type: "slots", slots: entries })) return;
      changed.clear();
    }
    if (speakersChanged && say({ type: "speakers", participants: [...speakers] })) speakersChanged = false;
  }

  return {
    open() {
      if (opened) return;
      opened = true;
      helloDue = true;
      flush();
    },
    receive(data, now) {
      if (!takeCredit(now)) {
        counters["data.limited"]++;
        return;
      }
      const message = parse(data);
      if (message === undefined) return;
      if (message === null || (message.type === "hello") === greeted) {
        counters["data.malformed"]++;
        return;
      }
      if (message.type === "hello") greeted = true;
      else if (message.type === "listen") onListen(message.to);
      else onWishes(message.videos);
    },
    setSlot(mid, source, state) {
      const entry = slots.get(mid);
      if (entry === undefined) slots.set(mid, { mid, source, state });
      else if (entry.source === source && entry.state === state) return;
      else {
        entry.source = source;
        entry.state = state;
      }
      changed.add(mid);
    },
    setSpeakers(participants) {
      if (participants.length === speakers.length && participants.every((number, i) => number === speakers[i])) return;
      speakers = [...participants];
      speakersChanged = true;
    },
    flush,
  };
}
