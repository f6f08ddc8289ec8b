/**
 * A call's media: RTP of a telephone on one side, a room (or prompts, before there is one) on the other.
 * @module
 */
import type { NodeParticipant } from "../../../src/protocol/index.ts";
import { RTP_CLOCK } from "../../codec/audio-codec.ts";
import { opus } from "../../codec/opus.ts";
import type { MixHost } from "../../mix/mix-host.ts";
import { PacketKind, packetKind } from "../../net/demux.ts";
import type { Tally } from "../../session/tally.ts";
import { createPublishedSource, type PublishedSource } from "../published-source.ts";
import type { OpenPair } from "../rtp/leg.ts";
import type { ClipName, Clips } from "./clips.ts";
import { createDigitsOut, type EventSender } from "./digits-out.ts";
import { createLegDtls, type LegDtlsOptions } from "./dtls.ts";
import { HEARD, type LegCodec } from "./formats.ts";
import type { LegAgreement } from "./orders.ts";
import type { FrameTaker, PhoneMix } from "./phone-mix.ts";
import { createPrompt } from "./prompt.ts";
import { createLegReceiver } from "./receiver.ts";
import { createLegSender } from "./sender.ts";
import type { LegVideo, VideoRoom } from "./video.ts";
import { createVoice, type Voice } from "./voice.ts";

/** With nothing of a telephone for so long (ms), neither sound nor RTCP, it is gone: silence that it leaves out is no proof. */
const SILENT = 45_000;

export interface LegOptions {
  readonly pair: OpenPair;
  /** Absent: it is only heard. */
  readonly video?: LegVideo | undefined;
  /** Our end of DTLS, and its ICE. */
  readonly keys: Pick<LegDtlsOptions, "certificate" | "handshakes" | "ice">;
  readonly mixing: MixHost;
  /** What it may be told; absent: nothing. */
  readonly clips?: Clips | undefined;
  readonly now: number;
  readonly onDigit: (digit: string) => void;
  /** A prompt has been played to its end. */
  readonly onSaid: (clip: ClipName) => void;
  /** Told once. */
  readonly onSilent: () => void;
  /** The participant that it was is none any more. */
  readonly onLeft: () => void;
}

/** A room as a leg sees it. */
export interface LegRoom extends VideoRoom {
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
  /** The telephone wants a key picture. */
  refreshPicture(now: number): void;
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

const isMuted = ({ sources }: NodeParticipant): boolean => sources.some(({ kind, muted }) => kind === "mic" && muted);

export function createLeg(options: LegOptions): Leg {
  const { pair, video, mixing, clips, onDigit, onSaid, onSilent, onLeft } = options;
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
  let clip: ClipName | undefined;
  let unlisten = (): void => {};
  let isSilent = false;
  let closed = false;

  const dtls = createLegDtls({
    ...options.keys,
    rtp: pair.rtp,
    onKeys(inbound, outbound) {
      receiver.secureBy(inbound);
      sender.secureBy(outbound);
    },
    onFailed: () => onSilent(),
  });
  const receiver = createLegReceiver(
    pair,
    dtls,
    {
      heard(spoken, sequence, timestamp, bytes, offset, length, now) {
        seat?.voice.push(spoken, sequence, timestamp, bytes, offset, length, now);
      },
      digit: onDigit,
    },
    options.now,
  );
  pair.listen((at, bytes, path, now) => {
    const kind = dtls.isOn && at === "rtp" ? packetKind(bytes, 0, bytes.length) : PacketKind.unknown;
    if (kind === PacketKind.stun) dtls.handleStun(bytes, path, now);
    else if (kind === PacketKind.dtls) {
      dtls.handleDtls(bytes, path, agreement?.from.includes(pair.rtp.addressOf(path)) === true, now);
    } else receiver.receive(at, bytes, path, now);
  });

  /** What comes back by the way it came reaches a telephone behind a NAT. */
  const destination = (): number => {
    if (dtls.isOn) return dtls.path;
    return receiver.path >= 0 ? receiver.path : named.rtp;
  };

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

  /** Whether it is played the music of who is held. */
  const waits = (): boolean => agreement?.sends === true && agreement.held === true;

  function say(name: ClipName, now: number): void {
    clip = name;
    prompt.play(clips?.[name] ?? [], HEARD[codec], name === "hold", now);
    if (!prompt.playing && name !== "hold") onSaid(name);
  }

  /** Whoever is on hold costs nothing. */
  function listen(): void {
    unlisten();
    unlisten =
      seat !== undefined && agreement?.sends === true && agreement.held !== true
        ? seat.mix.listen(seat.participant.number, HEARD[codec], hear)
        : () => {};
  }

  function put(participant: NodeParticipant, now: number): void {
    if (seat === undefined) return;
    const [before, after] = [isMuted(seat.participant), isMuted(participant)];
    seat.participant = participant;
    seat.mic.update(participant, now);
    video?.put(participant, now);
    if (before !== after && !waits()) say(after ? "muted" : "unmuted", now);
  }

  function leave(now: number): void {
    if (seat === undefined) return;
    unlisten();
    unlisten = () => {};
    const { voice, mic, left } = seat;
    seat = undefined;
    voice.close();
    video?.leave(now);
    mic.close(now);
    left?.();
  }

  return {
    port: pair.port,
    update(next, now) {
      if (closed || next.formats.length === 0) return;
      const before = agreement;
      const spoken = codec;
      const waited = waits();
      agreement = next;
      codec = next.formats[0]!.codec;
      if (codec !== spoken || (waited && !waits())) prompt.stop();
      if (waits() && !waited && before !== undefined) say("please-hold", now);
      if (before?.address !== next.address || before.port !== next.port) nameDestination(next.address, next.port);
      if (next.dtls !== undefined) {
        if (dtls.agree(next.dtls, now)) {
          receiver.secureBy(undefined);
          sender.secureBy(undefined);
        }
      } else if (dtls.isOn || before?.srtp?.send.key !== next.srtp?.send.key) {
        dtls.agree(undefined, now);
        sender.secure(next.srtp?.send);
      }
      receiver.update(next, now);
      video?.update(next.video, now);
      if (before?.sends !== next.sends || before.held !== next.held || codec !== spoken) listen();
    },
    enter(room, participant, now) {
      if (closed) return;
      leave(now);
      const mic = createPublishedSource({ router: room.router, kind: "mic", codec: opus });
      seat = { ...room, participant, mic, voice: createVoice(mixing, () => mic.source) };
      video?.enter(room, participant, now);
      put(participant, now);
      listen();
    },
    put,
    leave(now) {
      if (seat === undefined) return;
      leave(now);
      onLeft();
    },
    prompt(name, now) {
      if (!closed) say(name, now);
    },
    dial: digits.add,
    refreshPicture: now => video?.refresh(now),
    tick(now) {
      if (closed || agreement === undefined) return;
      if (prompt.tick(now) && clip !== undefined) onSaid(clip);
      if (waits() && !prompt.playing) say("hold", now);
      const { events, sends, receives } = agreement;
      const clockRate = RTP_CLOCK[codec];
      if (events && sends) {
        digits.tick(now, sender.timestampAt(now, clockRate), events.clockRate, sendEvent);
      }
      dtls.tick(now);
      video?.tick(now);
      if (!dtls.isOn) sender.report(named.rtcp, now, clockRate, false);
      else if (agreement.dtls?.isMuxed) sender.report(dtls.path, now, clockRate, true);
      if (isSilent || !receives || now - receiver.heardAt < SILENT) return;
      isSilent = true;
      onSilent();
    },
    count(tally) {
      tally.add("gateway.phone", receiver.counters);
      video?.count(tally);
    },
    close(now) {
      if (closed) return;
      closed = true;
      leave(now);
      prompt.stop();
      receiver.close();
      sender.close();
      dtls.close();
      video?.close(now);
      for (const at of ["rtp", "rtcp"] as const) if (named[at] >= 0) pair[at].release(named[at]);
      pair.close();
    },
  };
}
