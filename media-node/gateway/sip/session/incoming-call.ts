import { createIncomingDialog } from "../dialog/dialog.ts";
import { randomToken } from "../message/identifier.ts";
import type { SipRequest } from "../message/message.ts";
import { formatReferTo } from "../message/refer.ts";
import { createResponse, type ResponseOptions } from "../message/respond.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Timer } from "../transaction/timers.ts";
import { describe, descriptionIn } from "./body.ts";
import type { IncomingCall } from "./call.ts";
import type { SessionContext } from "./context.ts";
import { dialogFields } from "./fields.ts";
import { failureEnd, type SipCallEnd, type SipCallEvents, type SipMedia } from "./media.ts";
import { createReliableResponses, reliabilityOf } from "./reliable-responses.ts";
import { createSession } from "./session.ts";

/** Proxies forget calls that are silent for three minutes: they are told every minute (RFC 3261 §13.3.1.1). */
const REMINDER = 60_000;

/**
 * Takes an INVITE outside of a dialog, its transaction being new: sends 100, and tells `called`, who gives back where the
 * call's events go.
 * @param ended told when it is over
 */
export function createIncomingCall(
  context: SessionContext,
  transaction: ServerTransaction,
  called: (call: IncomingCall) => SipCallEvents,
  ended: (call: IncomingCall) => void,
): void {
  const { timers } = context;
  const { request: invite, flow } = transaction;
  const localTag = randomToken(context.randomBytes, 8);
  const dialog = createIncomingDialog(invite, localTag, flow);
  const offer = descriptionIn(invite);
  let events: SipCallEvents | undefined;
  let isAnswered = false;
  let ending: SipCallEnd | undefined;
  let isEstablished = false;
  const reliability = reliabilityOf(invite);
  /** What provisional responses said. */
  let early: string | undefined;
  /** An offer of ours in one of them waits for its answer, or both sides agreed before the call was answered. */
  let earlyState: "none" | "offered" | "agreed" = "none";
  /** Whoever answers as soon as the caller knows what provisional responses said. */
  let accepting: SipMedia | undefined;
  let reminder: Timer | undefined;

  const session = createSession({
    context,
    dialog,
    isCaller: false,
    peerHeaders: invite.headers,
    events: {
      // The session may outlast the call, by a BYE that has to wait.
      info: (type, body) => (ending ? 481 : (events?.info(type, body) ?? 200)),
      offerRefused: status => events?.offerRefused(status),
      referred: referral => (isEstablished && !ending ? (events?.referred?.(referral) ?? 403) : 491),
      transferProgress(status) {
        if (!ending) events?.transferProgress?.(status);
      },
      ended: end => over(end),
    },
    prack,
    acknowledged() {
      if (isEstablished) return;
      isEstablished = true;
      events?.established();
    },
  });

  const reliable = createReliableResponses(context, transaction, () => {
    refuse(504, failureEnd(504, "No PRACK"));
  });

  function prack(request: SipRequest): { status: number; description?: string | undefined } {
    if (ending || !reliable.acknowledge(request)) return { status: 481 };
    const described = descriptionIn(request);
    let description: string | undefined;
    if (earlyState === "offered") {
      if (described === undefined || session.media?.applyAnswer(described) !== true) {
        refuse(488, failureEnd(488, "The answer in the PRACK can't be used"));
        return { status: 488 };
      }
      earlyState = "agreed";
    } else if (described !== undefined) {
      description = session.media?.answerOffer(described);
      if (description === undefined) return { status: 488 };
    }
    const media = accepting;
    accepting = undefined;
    if (media) timers.set(0, () => accept(media));
    return { status: 200, description };
  }

  function over(end: SipCallEnd): void {
    if (ending) return;
    ending = end;
    reminder?.cancel();
    reliable.stop();
    // The caller's BYE may come before our answer.
    if (!transaction.isAnswered) answer(487);
    ended(call);
    events?.ended(end);
  }

  function answer(status: number, options: ResponseOptions = {}): void {
    transaction.respond(createResponse(invite, status, { ...options, toTag: localTag }));
  }

  /** @param isNews whether the description hasn't been told before */
  function provisional(status: number, isNews: boolean): void {
    reminder?.cancel();
    const isReliable = reliability === "required" || (reliability === "supported" && earlyState !== "none");
    // The first reliable response to an INVITE without an offer must hold ours (RFC 3262 §5).
    if (isReliable && offer === undefined && early === undefined) return;
    const sdp = isReliable && !isNews ? undefined : early;
    const { headers = {}, body } = sdp === undefined ? {} : describe(sdp);
    const options = { headers: { ...dialogFields(context, transaction), ...headers }, ...(body && { body }) };
    if (isReliable) reliable.send(createResponse(invite, status, { ...options, toTag: localTag }));
    else answer(status, options);
    reminder = timers.set(REMINDER, () => provisional(status, false));
  }

  /** Makes the description for a provisional response; false: there is none, or it was made before. */
  function describeEarly(media: SipMedia): boolean {
    if (early !== undefined || (offer === undefined && reliability === "none")) return false;
    early = offer === undefined ? media.createOffer() : media.answerOffer(offer);
    if (early === undefined || reliability === "none") return early !== undefined;
    earlyState = offer === undefined ? "offered" : "agreed";
    session.media = media;
    return true;
  }

  function accept(media: SipMedia): void {
    if (isAnswered || ending) return;
    if (reliable.isDescribing) {
      accepting = media;
      return;
    }
    isAnswered = true;
    reminder?.cancel();
    reliable.stop();
    session.media = media;
    const said = early === undefined ? undefined : { answer: early };
    if (!session.answerInvite(transaction, earlyState === "agreed" ? "agreed" : said)) {
      session.finish({ ...local(488, "The offer can't be used"), by: "failure" });
    }
  }

  function refuse(status: number, end: SipCallEnd, options: ResponseOptions = {}): void {
    isAnswered = true;
    answer(status, options);
    session.finish(end);
  }

  const local = (status: number, reason: string): SipCallEnd => ({
    by: "local",
    status,
    reason,
    causes: [],
    contacts: [],
  });

  const call: IncomingCall = {
    callId: invite.callId,
    invite,
    flow,
    get isOver() {
      return ending !== undefined;
    },
    progress(status, now, media?: SipMedia) {
      timers.advance(now);
      if (isAnswered || ending || status <= 100 || status >= 200) return;
      provisional(status, media !== undefined && describeEarly(media));
    },
    accept(media, now) {
      timers.advance(now);
      accept(media);
    },
    reject(status, now, options = {}) {
      timers.advance(now);
      if (isAnswered || ending || status < 300 || status > 699) return;
      refuse(status, local(status, options.reason ?? ""), options);
    },
    renegotiate(now) {
      timers.advance(now);
      if (isEstablished && !ending) session.renegotiate();
    },
    info(type, body, now) {
      timers.advance(now);
      if (isEstablished && !ending) session.info(type, body);
    },
    get dialog() {
      return isEstablished && !ending ? dialog : undefined;
    },
    refer(target, replaces, now) {
      timers.advance(now);
      return isEstablished && !ending && session.refer(formatReferTo(target, replaces));
    },
    hangUp(now, reason) {
      timers.advance(now);
      if (ending) return;
      const reasons = reason === undefined ? [] : [reason];
      if (!isAnswered) return refuse(480, local(480, ""), reasons.length > 0 ? { headers: { reason: reasons } } : {});
      const end = local(0, "");
      session.bye(end, reasons);
      // The BYE may have to wait for the ACK; the owner needn't.
      over(end);
    },
  };

  transaction.onCancel = () => {
    if (isAnswered || ending) return;
    refuse(487, { ...local(487, "Cancelled"), by: "remote" });
  };
  transaction.respond(createResponse(invite, 100));
  events = called(call);
  // It may be over before its owner could say where that is to be told.
  if (ending) events.ended(ending);
}
