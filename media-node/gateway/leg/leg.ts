/**
 * A call's media: RTP of a telephone on one side, a room (or prompts, before there is one) on the other.
 * @module
 */
import type { NodeParticipant } from "../../../src/protocol/index.ts";
import { RTP_CLOCK } from "../../codec/audio-codec.ts";
import { opus } from "../../codec/opus.ts";
import type { MixHost } from "../../mix/mix-host.ts";
import type { Router } from "../../room/router.ts";
import type { Tally } from "../../session/tally.ts";
import { createPublishedSource, type PublishedSource } from "../published-source.ts";
import type { OpenPair } from "../rtp/leg.ts";
import type { ClipName } from "./clips.ts";
import { createDigitsOut, type EventSender } from "./digits-out.ts";
import { HEARD, type LegCodec } from "./formats.ts";
import type { LegAgreement } from "./orders.ts";
import type { FrameTaker, PhoneMix } from "./phone-mix.ts";
import { createPrompt } from "./prompt.ts";
import { createLegReceiver } from "./receiver.ts";
import { createLegSender } from "./sender.ts";
import { createVoice, type Voice } from "./voice.ts";

/** With nothing of a telephone for so long (ms), neither sound nor RTCP, it is gone: silence that it leaves out is no proof. */
const SILENT = 45_000;

export interface LegOptions {
  readonly pair: OpenPair;
  readonly mixing: MixHost;
  readonly now: number;
  readonly onDigit: (digit: string) => void;
  /** Told once. */
  readonly onSilent: () => void;
  /** The participant that it was is none any more. */
  readonly onLeft: () => void;
}

/** A room as a leg sees it. */
export interface LegRoom {
  readonly router: Router;
  readonly mix: PhoneMix;
  /** The leg has gone by itself. */
  readonly left?: () => void;
}

export interface Leg {
  readonly port: number;
  update(agreement: LegAgreement, now: number): void;
  /** Is this participant from now on. */
  enter(room: LegRoom, participant: NodeParticipant, now: number): void;
  /** The participant as it is now. */
  put(participant: NodeParticipant, now: number): void;
  leave(now: number): void;
  prompt(clip: ClipName, now: number): void;
  dial(digits: string): void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  count(tally: Tally): void;
  /** Idempotent; frees the ports. */
  close(now: number): void;
}

interface Seat extends LegRoom {
  participant: NodeParticipant;
  readonly mic: PublishedSource;
  readonly voice: Voice;
}

export function createLeg(options: LegOptions): Leg {
  const { pair, mixing, onDigit, onSilent, onLeft } = options;
  const sender = createLegSender(pair.rtp, pair.rtcp);
  const digits = createDigitsOut();
  const prompt = createPrompt(mixing, (timestamp, bytes, offset, length, now) =>
    send(timestamp, bytes, offset, length, now),
  );
  let agreement: LegAgreement | undefined;
  let codec: LegCodec = "pcmu";
  /** Where signaling says that sound is to go; and its RTCP. */
  const named = { rtp: -1, rtcp: -1 };
  let seat: Seat | undefined;
  let unlisten = (): void => {};
  let isSilent = false;
  let closed = false;

  const receiver = createLegReceiver(
    pair,
    {
      heard(spoken, sequence, timestamp, bytes, offset, length, now) {
        seat?.voice.push(spoken, sequence, timestamp, bytes, offset, length, now);
      },
      digit: onDigit,
    },
    options.now,
  );
  pair.listen(receiver.receive);

  /** What comes back by the way it came reaches a telephone behind a NAT. */
  const destination = (): number => (receiver.path >= 0 ? receiver.path : named.rtp);

  const send: FrameTaker = (timestamp, bytes, offset, length, now) => {
    const own = sender.follow(timestamp, RTP_CLOCK[codec], now);
    if (agreement?.sends !== true || digits.busy) return;
    sender.send(destination(), agreement.formats[0]!.sendType, false, own, bytes, offset, length);
  };

  const hear: FrameTaker = (timestamp, bytes, offset, length, now) => {
    if (!prompt.playing) send(timestamp, bytes, offset, length, now);
  };

  const sendEvent: EventSender = (begins, timestamp, payload) => {
    const type = agreement?.events?.sendType;
    if (type !== undefined) sender.send(destination(), type, begins, timestamp, payload, 0, payload.length);
  };

  function nameDestination(address: string, port: number): void {
    for (const at of ["rtp", "rtcp"] as const) {
      const path = port === 0 ? -1 : pair[at].pathOf(address, at === "rtp" ? port : port + 1);
      if (path >= 0) pair[at].retain(path);
      if (named[at] >= 0) pair[at].release(named[at]);
      named[at] = path;
    }
  }

  /** Whoever is on hold costs nothing. */
  function listen(): void {
    unlisten();
    unlisten =
      seat !== undefined && agreement?.sends === true
        ? seat.mix.listen(seat.participant.number, HEARD[codec], hear)
        : () => {};
  }

  function put(participant: NodeParticipant, now: number): void {
    if (seat === undefined) return;
    seat.participant = participant;
    seat.mic.update(participant, now);
  }

  function leave(now: number): void {
    if (seat === undefined) return;
    unlisten();
    unlisten = () => {};
    const { voice, mic, left } = seat;
    seat = undefined;
    voice.close();
    mic.close(now);
    left?.();
  }

  return {
    port: pair.port,
    update(next, now) {
      if (closed || next.formats.length === 0) return;
      const before = agreement;
      agreement = next;
      codec = next.formats[0]!.codec;
      if (before?.address !== next.address || before.port !== next.port) nameDestination(next.address, next.port);
      if (before?.srtp?.send.key !== next.srtp?.send.key) sender.secure(next.srtp?.send);
      receiver.update(next, now);
      if (before?.sends !== next.sends || before.formats[0]!.codec !== codec) listen();
    },
    enter(room, participant, now) {
      if (closed) return;
      leave(now);
      const mic = createPublishedSource({ router: room.router, kind: "mic", codec: opus });
      seat = { ...room, participant, mic, voice: createVoice(mixing, () => mic.source) };
      put(participant, now);
      listen();
    },
    put,
    leave(now) {
      if (seat === undefined) return;
      leave(now);
      onLeft();
    },
    prompt(clip, now) {
      if (!closed) prompt.play(clip, HEARD[codec], now);
    },
    dial: digits.add,
    tick(now) {
      if (closed || agreement === undefined) return;
      prompt.tick(now);
      const { events, sends, receives } = agreement;
      const clockRate = RTP_CLOCK[codec];
      if (events && sends) {
        digits.tick(now, sender.timestampAt(now, clockRate), events.clockRate, sendEvent);
      }
      sender.report(named.rtcp, now, clockRate);
      if (isSilent || !receives || now - receiver.heardAt < SILENT) return;
      isSilent = true;
      onSilent();
    },
    count: tally => tally.add("gateway.phone", receiver.counters),
    close(now) {
      if (closed) return;
      closed = true;
      leave(now);
      prompt.close();
      receiver.close();
      sender.close();
      for (const at of ["rtp", "rtcp"] as const) if (named[at] >= 0) pair[at].release(named[at]);
      pair.close();
    },
  };
}
