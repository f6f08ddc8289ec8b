/**
 * A telephone call: SIP on one side, its leg in a media worker on the other, and the edge, which says what becomes of it.
 * @module
 */
import { randomInt } from "node:crypto";
import { type Assignment, type CallCause, TandemError } from "../../../src/protocol/index.ts";
import type { LegEvents, PoolLeg } from "../../worker/pool-legs.ts";
import { type ClipName, isClip } from "../leg/clips.ts";
import { type AudioAgreement, type AudioMedia, createAudioMedia } from "../sip/description/audio-media.ts";
import { createVideoLine } from "../sip/description/video-line.ts";
import type { IncomingCall, SipCall } from "../sip/session/call.ts";
import type { SipCallEnd } from "../sip/session/media.ts";
import { causeOf } from "./causes.ts";
import { CODECS, legAgreement } from "./codecs.ts";
import { createCollector } from "./collector.ts";
import { keyInInfo } from "./dtmf-info.ts";
import { createFarewell } from "./farewell.ts";
import type { PhoneCall, PhoneCallOptions } from "./phone-call.ts";
import { asksForPicture } from "./picture-info.ts";
import { createTransfers } from "./transfers.ts";

/** The edge has so long (ms) to say what becomes of a call that came in. */
const EDGE_PATIENCE = 5_000;
/** A telephone rings so long (ms) at most. */
const RING_TIME = 90_000;
/** Normal call clearing (Q.850). */
const CLEARING = 16;

export function createPhoneCall(options: PhoneCallOptions): PhoneCall {
  const { id, legs, signaling, isBrowser = false, srtp, now, report, onOver, onProgress } = options;
  const collector = createCollector(digits => report({ type: "call.digits", call: id, digits }));
  let sip: SipCall | undefined;
  let incoming: IncomingCall | undefined;
  let media: AudioMedia | undefined;
  let leg: PoolLeg | undefined;
  /** One that is used until the telephone sends elsewhere. */
  let retired: PoolLeg | undefined;
  let agreement: AudioAgreement | undefined;
  let answering: Promise<void> | undefined;
  let isAnswered = false;
  let isEstablished = false;
  /** Whether the edge knows that it shows something. */
  let isSeen = false;
  /** It is a participant. */
  let isIn = false;
  let isHeld = false;
  /** We hold it. */
  let holds = false;
  /** Sound once went both ways. */
  let hasTalked = false;
  /** What is played as soon as sound may be sent. */
  let nextPrompt: ClipName | undefined;
  let isOver = false;
  /** Something is to be offered as soon as that is possible. */
  let owesOffer = false;
  let cause: CallCause | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const farewell = createFarewell(clip => leg?.prompt(clip), sendBye);
  const leave = (): void => hangUp({ reason: "transferred" });
  const transfers = createTransfers({ ...options.transfers, id, now, report, leave });

  function after(time: number, run: () => void): void {
    clearTimeout(timer);
    timer = setTimeout(run, time);
  }

  const legEvents: LegEvents = {
    digit: key => collector.add(key),
    said: farewell.said,
    over(why) {
      hangUp({ reason: why === "silent" ? "media-timeout" : why === "left" ? "removed" : "node-failed" });
    },
  };

  async function openLeg(room: Assignment | undefined): Promise<PoolLeg> {
    const opened = await legs.open(legEvents, room, options.video === true && !isBrowser);
    if (!isOver) return opened;
    opened.close();
    throw new TandemError("no-such-call");
  }

  /**
   * Nothing is sent before the ACK: an INVITE's sender may be forged, and the place that it names somebody else's, but whoever
   * acknowledges has read what was answered.
   */
  function tellLeg(): void {
    if (agreement) leg?.update(legAgreement(agreement, signaling, { isEstablished, holds, hasTalked }));
  }

  /** Its camera is one of the room's while it sends. */
  function tellVideo(): void {
    const direction = agreement?.video?.direction;
    const shows = isIn && (direction === "sendrecv" || direction === "recvonly");
    if (shows === isSeen) return;
    isSeen = shows;
    report({ type: "call.video", call: id, on: shows });
  }

  function agreed(next: AudioAgreement): void {
    agreement = next;
    hasTalked ||= next.direction === "sendrecv";
    retired?.close();
    retired = undefined;
    tellLeg();
    tellVideo();
    const held = next.direction !== "sendrecv" || next.port === 0;
    if (held === isHeld || !isEstablished) return;
    isHeld = held;
    report({ type: "call.state", call: id, state: held ? "held" : "resumed" });
  }

  /** Browsers have no other keys than those of DTLS. */
  const createMedia = ({ place: { dtls, videoPort, ...place } }: PoolLeg): AudioMedia =>
    createAudioMedia({
      video:
        videoPort === undefined
          ? undefined
          : createVideoLine({ port: videoPort, srtp: srtp === "dtls" ? "required" : srtp }),
      ...{ ...place, codecs: CODECS, sessionId: String(randomInt(1, 2 ** 47)), agreed },
      srtp: srtp === "dtls" ? "required" : srtp,
      dtls: srtp !== "off" || isBrowser ? dtls : undefined,
      offersDtls: srtp === "dtls" || isBrowser,
    });

  function offer(): void {
    owesOffer = !isEstablished;
    if (isEstablished) sip?.renegotiate(now());
  }

  async function accept(room: Assignment | undefined): Promise<void> {
    leg = await openLeg(room);
    media = createMedia(leg);
    isAnswered = true;
    incoming?.accept(media, now());
    if (isOver) throw new TandemError("no-such-call");
  }

  function answer(room: Assignment | undefined): Promise<void> {
    clearTimeout(timer);
    if (isOver) throw new TandemError("no-such-call");
    answering ??= accept(room).catch((error: unknown) => {
      // Nothing can be heard here: the caller is better told.
      reject(503, "No media");
      throw error;
    });
    return answering;
  }

  /** Goes on in the worker that carries a room. */
  async function move(room: Assignment): Promise<void> {
    const next = await openLeg(room);
    retired = leg;
    leg = next;
    media?.moveTo(next.place.port, next.place.videoPort);
    tellLeg();
    offer();
  }

  function reject(status: number, reason: string): void {
    if (isOver) return;
    if (incoming === undefined || isAnswered) {
      hangUp({ reason });
      return;
    }
    cause ??= { sip: status, reason };
    incoming.reject(status, now(), { reason });
  }

  function hangUp(why: CallCause): void {
    if (isOver) return;
    cause ??= why;
    if (isEstablished && farewell.begin(why.reason)) return;
    sendBye();
  }

  function sendBye(): void {
    if (!isOver) sip?.hangUp(now(), `Q.850;cause=${cause?.q850 ?? CLEARING}`);
  }

  function ended(end: SipCallEnd): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    collector.close();
    farewell.close();
    transfers.close();
    leg?.close();
    retired?.close();
    if (transfers.isUnderWay && end.by === "remote") cause ??= { reason: "transferred" };
    onProgress?.(end.status >= 300 ? end.status : 480);
    report({ type: "call.state", call: id, state: "ended", cause: cause ?? causeOf(end) });
    onOver();
  }

  return {
    id,
    trunk: options.trunk,
    events: {
      progress(status) {
        onProgress?.(status);
        if (status === 180 || status === 183) report({ type: "call.state", call: id, state: "ringing" });
      },
      established() {
        isEstablished = true;
        isAnswered = true;
        if (incoming === undefined) clearTimeout(timer);
        tellLeg();
        if (nextPrompt) leg?.prompt(nextPrompt);
        nextPrompt = undefined;
        report({ type: "call.state", call: id, state: "answered" });
        onProgress?.(200);
        if (owesOffer) offer();
      },
      info(contentType, body) {
        if (asksForPicture(contentType, body)) {
          leg?.refreshPicture();
          return 200;
        }
        const key = keyInInfo(contentType, body);
        if (key === undefined) return 415;
        collector.add(key);
        return 200;
      },
      offerRefused() {
        // It still sends to where nobody listens any more.
        if (retired) hangUp({ reason: "failed" });
      },
      referred: transfers.referred,
      transferProgress: transfers.asked,
      ended,
    },
    transfers,
    get dialog() {
      return sip?.dialog;
    },
    take(call) {
      incoming = call;
      sip = call;
      call.progress(180, now());
      after(EDGE_PATIENCE, () => reject(503, "No answer from the edge"));
    },
    async start(room, pid, dial) {
      try {
        leg = await openLeg(room);
        media = createMedia(leg);
        await leg.join(room, pid);
        isIn = true;
        // Hung up while the leg came about: nobody is to be rung.
        if (cause) throw new TandemError("no-such-call");
        sip = dial(media);
      } catch (error) {
        if (!isOver) {
          isOver = true;
          leg?.close();
          onOver();
        }
        throw error;
      }
      after(RING_TIME, () => hangUp({ sip: 408, reason: "no-answer" }));
    },
    async join(room, pid) {
      if (incoming) await answer(room);
      if (leg?.isBeside(room) === false) await move(room);
      await leg?.join(room, pid);
      isIn = true;
      tellVideo();
    },
    async prompt(prompt, digits) {
      await answer(undefined);
      // A newer edge may know more of them.
      const clip: ClipName = isClip(prompt) ? prompt : "welcome";
      if (clip === "locked") return hangUp({ reason: clip });
      if (isEstablished) leg?.prompt(clip);
      else nextPrompt = clip;
      if (digits !== undefined) collector.ask(digits);
    },
    reject(status, reason) {
      clearTimeout(timer);
      reject(status, reason);
    },
    hangUp,
    hold(held) {
      holds = held;
      media?.setDirection(held ? "sendonly" : "sendrecv");
      tellLeg();
      offer();
    },
    dial: digits => leg?.dial(digits),
    transfer(target, replaces) {
      const isAsked = transfers.ask(() => sip?.refer(target, replaces, now()) === true);
      if (!isAsked) throw new TandemError("call-state", "it is being transferred, or not answered");
    },
  };
}
