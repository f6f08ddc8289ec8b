import type { DigestClient } from "../auth/client.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { SipHeaders } from "../message/headers.ts";
import type { RequestDraft, SipRequest, SipResponse } from "../message/message.ts";
import { createResponse, type ResponseOptions } from "../message/respond.ts";
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
import { createRenegotiation } from "./renegotiation.ts";
import { routeOf, sendAck, sendRequest } from "./requester.ts";
import { answerSessionTimer, createSessionClock, refuseInterval, type SessionTerms } from "./session-timer.ts";

/** The two ends of a call as one of them sees it: everything that happens within the dialog. */
export interface Session extends DialogUser {
  readonly dialog: Dialog;
  /** Who makes its descriptions; set before there are any. */
  media: SipMedia | undefined;
  /** Answers an INVITE, the first or a later one, with 2xx, or refuses it; false: refused. */
  answerInvite(transaction: ServerTransaction, earlyAnswer?: string): boolean;
  /** Sends the ACK to a 2xx, and again when that is repeated. */
  acknowledge(invite: RequestDraft, description?: string): void;
  /** Takes what a 2xx of the peer says about the session: terms, methods. */
  confirm(response: SipResponse, terms: SessionTerms | undefined): void;
  renegotiate(): void;
  info(type: string, body: Uint8Array): void;
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
  readonly events: Pick<SipCallEvents, "info" | "offerRefused" | "ended">;
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

  function request(
    method: string,
    headers: Readonly<Record<string, string | string[]>> = {},
    cseq?: number,
  ): RequestDraft {
    const draft = dialog.createRequest(method, cseq);
    draft.headers.set("user-agent", [context.product]);
    for (const [key, value] of Object.entries(headers))
      draft.headers.set(key, typeof value === "string" ? [value] : value);
    return draft;
  }

  function answer(transaction: ServerTransaction, status: number, more: ResponseOptions = {}): void {
    transaction.respond(createResponse(transaction.request, status, { ...more, toTag: dialog.localTag }));
  }

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

  /** The ACK to a 2xx, with the credentials of its INVITE (RFC 3261 §22.1). */
  function createAck(invite: RequestDraft, cseq: number, description: string | undefined): RequestDraft {
    const { headers = {}, body } = description === undefined ? {} : describe(description);
    const draft = request("ACK", headers, cseq);
    for (const key of ["authorization", "proxy-authorization"]) {
      const values = invite.headers.get(key);
      if (values) draft.headers.set(key, values);
    }
    return body ? { ...draft, body } : draft;
  }

  function finish(end: SipCallEnd): void {
    if (isOver) return;
    isOver = true;
    acceptance?.stop();
    clock.stop();
    renegotiation.close();
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

  function accept(transaction: ServerTransaction, sdp: string, isOffer: boolean): void {
    acceptance?.stop();
    awaitsAnswer = isOffer;
    const { headers, body } = describe(sdp);
    const response = createResponse(transaction.request, 200, {
      toTag: dialog.localTag,
      headers: { ...dialogFields(context, transaction), ...settleTerms(transaction), ...headers },
      body,
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

  function receiveUpdate(transaction: ServerTransaction): void {
    const refusal = refuseBody(transaction.request) ?? refuseInterval(transaction.request.headers);
    if (refusal) {
      answer(transaction, refusal.status, refusal);
      return;
    }
    const offer = descriptionIn(transaction.request);
    // Before the first exchange is over there is nothing that could be changed (RFC 3311 §5.2).
    const isBusy = renegotiation.isOffering || awaitsAnswer || postponed || !session.media;
    if (offer !== undefined && isBusy) {
      answer(transaction, 491);
      return;
    }
    const description = offer === undefined ? undefined : session.media?.answerOffer(offer);
    if (offer !== undefined && description === undefined) {
      answer(transaction, 488);
      return;
    }
    dialog.refreshTarget(transaction.request, transaction.flow);
    const fields = settleTerms(transaction);
    const { headers = {}, body } = description === undefined ? {} : describe(description);
    answer(transaction, 200, {
      headers: { ...dialogFields(context, transaction), ...fields, ...headers },
      ...(body && { body }),
    });
  }

  const session: Session = {
    dialog,
    media: undefined,
    answerInvite(transaction, earlyAnswer) {
      const { request: invite, flow } = transaction;
      const offer = descriptionIn(invite);
      const sdp =
        earlyAnswer ?? (offer === undefined ? session.media?.createOffer() : session.media?.answerOffer(offer));
      if (sdp === undefined) {
        answer(transaction, 488);
        return false;
      }
      dialog.refreshTarget(invite, flow);
      takesUpdate = allowsUpdate(invite.headers) || takesUpdate;
      accept(transaction, sdp, offer === undefined);
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
        case "UPDATE":
          receiveUpdate(transaction);
          break;
        case "INFO":
          answer(transaction, events.info(contentType(message.headers), message.body));
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
    bye,
    finish,
  };
  context.dialogs.add(dialog, session);
  return session;
}
