import { createIncomingDialog } from "../dialog/dialog.ts";
import { randomToken } from "../message/identifier.ts";
import { createResponse, type ResponseOptions } from "../message/respond.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Timer } from "../transaction/timers.ts";
import { describe, descriptionIn } from "./body.ts";
import type { IncomingCall } from "./call.ts";
import type { SessionContext } from "./context.ts";
import { dialogFields } from "./fields.ts";
import type { SipCallEnd, SipCallEvents, SipMedia } from "./media.ts";
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
  let earlyAnswer: string | undefined;
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
      ended: end => over(end),
    },
    acknowledged() {
      if (isEstablished) return;
      isEstablished = true;
      events?.established();
    },
  });

  function over(end: SipCallEnd): void {
    if (ending) return;
    ending = end;
    reminder?.cancel();
    // The caller's BYE may come before our answer.
    if (!transaction.isAnswered) answer(487);
    ended(call);
    events?.ended(end);
  }

  function answer(status: number, options: ResponseOptions = {}): void {
    transaction.respond(createResponse(invite, status, { ...options, toTag: localTag }));
  }

  function provisional(status: number, sdp?: string): void {
    reminder?.cancel();
    const { headers = {}, body } = sdp === undefined ? {} : describe(sdp);
    answer(status, { headers: { ...dialogFields(context, transaction), ...headers }, ...(body && { body }) });
    reminder = timers.set(REMINDER, () => provisional(status, sdp));
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
      if (media && offer !== undefined && earlyAnswer === undefined) {
        session.media = media;
        earlyAnswer = media.answerOffer(offer);
      }
      provisional(status, media && earlyAnswer);
    },
    accept(media, now) {
      timers.advance(now);
      if (isAnswered || ending) return;
      isAnswered = true;
      reminder?.cancel();
      session.media = media;
      if (!session.answerInvite(transaction, earlyAnswer)) {
        session.finish({ ...local(488, "The offer can't be used"), by: "failure" });
      }
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
