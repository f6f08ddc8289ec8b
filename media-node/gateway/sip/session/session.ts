import type { DigestClient } from "../auth/client.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { SipHeaders } from "../message/headers.ts";
import type { RequestDraft, SipRequest, SipResponse } from "../message/message.ts";
import { createResponse } from "../message/respond.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { type Acceptance, createAcceptance } from "./acceptance.ts";
import {
  allowsUpdate,
  contentType,
  describe,
  descriptionIn,
  refuseBody,
  refuseExtensions,
  refuseMethod,
} from "./body.ts";
import type { DialogUser, SessionContext } from "./context.ts";
import { dialogFields } from "./fields.ts";
import { failureEnd, type SipCallEnd, type SipCallEvents, type SipMedia } from "./media.ts";
import { createDialogMessages } from "./messages.ts";
import { createReferrals } from "./referrals.ts";
import { createReferring } from "./referring.ts";
import { createRenegotiation } from "./renegotiation.ts";
import { routeOf, sendAck, sendRequest } from "./requester.ts";
import { answerSessionTimer, createSessionClock, refuseInterval, type SessionTerms } from "./session-timer.ts";
import { answerUpdate } from "./update.ts";

/** The two ends of a call as one of them sees it: everything that happens within the dialog. */
export interface Session extends DialogUser {
  readonly dialog: Dialog;
  /** Who makes its descriptions; set before there are any. */
  media: SipMedia | undefined;
  /**
   * Answers an INVITE, the first or a later one, with 2xx, or refuses it; false: refused.
   * @param early the answer that provisional responses gave already; `agreed`: it arrived, so that nothing is left to be said
   */
  answerInvite(transaction: ServerTransaction, early?: { readonly answer: string } | "agreed"): boolean;
  /** Sends the ACK to a 2xx, and again when that is repeated. */
  acknowledge(invite: RequestDraft, description?: string): void;
  /** Takes what a 2xx of the peer says about the session: terms, methods. */
  confirm(response: SipResponse, terms: SessionTerms | undefined): void;
  renegotiate(): void;
  info(type: string, body: Uint8Array): void;
  /** Acknowledges a reliable provisional response (RFC 3262 §4). @param rack value of RAck */
  prack(rack: string, description?: string): void;
  /** Asks the peer to call somebody else; false: it is busy with the last such. */
  refer(referTo: string): boolean;
  /** Ends it with a BYE. */
  bye(end: SipCallEnd, reasons?: readonly string[]): void;
  /** Ends it without a word. */
  finish(end: SipCallEnd): void;
}

export interface SessionOptions {
  readonly context: SessionContext;
  readonly dialog: Dialog;
  readonly digest?: DigestClient | undefined;
  /** Whether the Call-ID is ours. */
  readonly isCaller: boolean;
  readonly peerHeaders: SipHeaders;
  readonly events: Pick<SipCallEvents, "info" | "offerRefused" | "ended" | "referred" | "transferProgress">;
  /** A PRACK to a provisional response of ours: how it is answered. */
  prack?(request: SipRequest): { readonly status: number; readonly description?: string | undefined };
  /** The answer to an offer in a 2xx of ours came, or no offer was open: the call stands. */
  acknowledged(): void;
}

export function createSession(options: SessionOptions): Session {
  const { context, dialog, digest, isCaller, events } = options;
  const { timers } = context;
  let isOver = false;
  /** The 2xx of ours that waits for its ACK, and whether that ACK must bring an answer. */
  let acceptance: Acceptance | undefined;
  let awaitsAnswer = false;
  /** A BYE that must wait for an ACK (RFC 3261 §15). */
  let postponed: (() => void) | undefined;
  let ack: RequestDraft | undefined;
  let takesUpdate = allowsUpdate(options.peerHeaders);

  const { request, answer, ack: createAck } = createDialogMessages(context, dialog);

  const clock = createSessionClock(timers, {
    refresh: interval => renegotiation.refresh(interval),
    expired: () => bye(failureEnd(408, "Session expired")),
  });

  const renegotiation = createRenegotiation({
    context,
    dialog,
    digest,
    isCaller,
    request,
    media: () => session.media,
    takesUpdate: () => takesUpdate,
    isBlocked: () => acceptance?.isPending === true,
    acknowledge: invite => session.acknowledge(invite),
    confirm: (response, agreed) => session.confirm(response, agreed),
    refused: status => events.offerRefused(status),
    failed: bye,
  });

  const referrals = createReferrals({
    ...{ context, dialog, digest, request },
    answer: (transaction, status, headers = {}) => answer(transaction, status, { headers }),
    // Nobody is called for the asking.
    referred: referral => (acceptance?.isPending ? 491 : (events.referred?.(referral) ?? 403)),
  });
  const referring = createReferring({
    ...{ context, dialog, digest, request },
    progress: status => events.transferProgress?.(status),
    gone: () => bye(failureEnd(481, "The peer doesn't know the call")),
  });

  function finish(end: SipCallEnd): void {
    if (isOver) return;
    isOver = true;
    acceptance?.stop();
    clock.stop();
    renegotiation.close();
    referrals.close();
    referring.close();
    context.dialogs.remove(dialog);
    events.ended(end);
  }

  function sendBye(reasons: readonly string[]): void {
    const headers = reasons.length === 0 ? {} : { reason: [...reasons] };
    sendRequest(context, () => request("BYE", headers), routeOf(dialog), digest, { response() {}, failed() {} });
  }

  function bye(end: SipCallEnd, reasons: readonly string[] = []): void {
    if (isOver) return;
    if (!acceptance?.isPending) {
      finish(end);
      sendBye(reasons);
      return;
    }
    // The callee must not send BYE before the ACK came or can't come any more.
    clock.stop();
    renegotiation.close();
    postponed ??= () => {
      finish(end);
      sendBye(reasons);
    };
  }

  /** What a 2xx of ours says of the session. */
  function settleTerms({ request: { headers } }: ServerTransaction): Record<string, string> {
    const settled = answerSessionTimer(headers, context.sessionInterval);
    clock.set(settled.terms);
    return settled.headers;
  }

  function accept(transaction: ServerTransaction, sdp: string | undefined, isOffer: boolean): void {
    acceptance?.stop();
    awaitsAnswer = isOffer;
    const { headers = {}, body } = sdp === undefined ? {} : describe(sdp);
    const response = createResponse(transaction.request, 200, {
      toTag: dialog.localTag,
      headers: { ...dialogFields(context, transaction), ...settleTerms(transaction), ...headers },
      ...(body && { body }),
    });
    acceptance = createAcceptance(timers, transaction, response, {
      acknowledged(message) {
        awaitsAnswer = false;
        if (postponed) {
          postponed();
          return;
        }
        const description = descriptionIn(message);
        if (!isOffer || (description !== undefined && session.media?.applyAnswer(description) === true)) {
          options.acknowledged();
          renegotiation.resume();
        } else bye(failureEnd(488, "The answer in the ACK can't be used"));
      },
      timedOut() {
        if (postponed) postponed();
        else bye(failureEnd(408, "No ACK"));
      },
    });
  }

  function receiveInvite(transaction: ServerTransaction): void {
    const refusal = refuseBody(transaction.request) ?? refuseInterval(transaction.request.headers);
    if (refusal) answer(transaction, refusal.status, refusal);
    else if (renegotiation.isOffering) answer(transaction, 491);
    else if (awaitsAnswer || postponed) answer(transaction, 500, { headers: { "retry-after": "5" } });
    else session.answerInvite(transaction);
  }

  function receivePrack(transaction: ServerTransaction): void {
    const refusal = refuseBody(transaction.request);
    if (refusal) {
      answer(transaction, refusal.status, refusal);
      return;
    }
    const { status, description } = options.prack?.(transaction.request) ?? { status: 481 };
    answer(transaction, status, description === undefined ? {} : describe(description));
  }

  const session: Session = {
    dialog,
    media: undefined,
    answerInvite(transaction, early) {
      const { request: invite, flow } = transaction;
      const offer = descriptionIn(invite);
      const isAgreed = early === "agreed";
      const make = (): string | undefined =>
        offer === undefined ? session.media?.createOffer() : session.media?.answerOffer(offer);
      const sdp = isAgreed ? undefined : (early?.answer ?? make());
      if (sdp === undefined && !isAgreed) {
        answer(transaction, 488);
        return false;
      }
      dialog.refreshTarget(invite, flow);
      takesUpdate = allowsUpdate(invite.headers) || takesUpdate;
      accept(transaction, sdp, offer === undefined && !isAgreed);
      return true;
    },
    receive(transaction) {
      const { request: message, flow } = transaction;
      if (!dialog.acceptRequest(message, flow)) return answer(transaction, 500);
      const refusal = refuseExtensions(message.headers);
      if (refusal && message.method !== "BYE") return answer(transaction, refusal.status, refusal);
      switch (message.method) {
        case "BYE":
          answer(transaction, 200);
          finish({ by: "remote", status: 0, reason: "", causes: message.headers.get("reason") ?? [], contacts: [] });
          break;
        case "INVITE":
          receiveInvite(transaction);
          break;
        case "UPDATE": {
          // Before the first exchange is over there is nothing that could be changed (RFC 3311 §5.2).
          const isBusy = renegotiation.isOffering || awaitsAnswer || postponed !== undefined;
          const media = isBusy ? undefined : session.media;
          answerUpdate(transaction, { context, dialog, media, settleTerms, answer });
          break;
        }
        case "INFO":
          answer(transaction, events.info(contentType(message.headers), message.body));
          break;
        case "PRACK":
          receivePrack(transaction);
          break;
        case "REFER":
          referrals.receive(transaction);
          break;
        case "NOTIFY":
          answer(transaction, referring.receive(message));
          break;
        case "OPTIONS":
          answer(transaction, 200, { headers: dialogFields(context, transaction) });
          break;
        default: {
          const { status, headers } = refuseMethod(message.method);
          answer(transaction, status, headers ? { headers } : {});
        }
      }
    },
    receiveAck(message: SipRequest) {
      acceptance?.acknowledge(message);
    },
    acknowledge(invite, description) {
      const cseq = invite.headers.get("cseq")?.[0]?.split(" ", 1)[0];
      if (ack?.headers.get("cseq")?.[0] !== `${cseq} ACK`) ack = createAck(invite, Number(cseq), description);
      sendAck(context, ack, routeOf(dialog));
    },
    confirm(response, agreed) {
      takesUpdate = allowsUpdate(response.headers) || takesUpdate;
      clock.set(agreed);
    },
    renegotiate: () => renegotiation.offer(),
    info(type, body) {
      const build = (): RequestDraft => ({ ...request("INFO", { "content-type": type }), body });
      sendRequest(context, build, routeOf(dialog), digest, {
        response({ status }) {
          if (status === 481) bye(failureEnd(481, "The peer doesn't know the call"));
        },
        failed() {},
      });
    },
    prack(rack, description) {
      const { headers = {}, body } = description === undefined ? {} : describe(description);
      const build = (): RequestDraft => ({ ...request("PRACK", { rack, ...headers }), ...(body && { body }) });
      sendRequest(context, build, routeOf(dialog), digest, { response() {}, failed() {} });
    },
    refer: referring.refer,
    bye,
    finish,
  };
  context.dialogs.add(dialog, session);
  return session;
}
