import type { DigestClient } from "../auth/client.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { RequestDraft, SipResponse } from "../message/message.ts";
import { reasonOf } from "../message/respond.ts";
import type { Timer } from "../transaction/timers.ts";
import { ALLOWED_METHODS, describe, descriptionIn, SUPPORTED_OPTIONS } from "./body.ts";
import type { SessionContext } from "./context.ts";
import type { SipCallEnd, SipMedia } from "./media.ts";
import { routeOf, sendRequest } from "./requester.ts";
import {
  acceptedSessionTimer,
  askSessionTimer,
  MIN_SESSION_INTERVAL,
  readMinInterval,
  type SessionTerms,
} from "./session-timer.ts";

/** Our re-INVITEs and UPDATEs, one at a time: new offers, and refreshes of the session timer. */
export interface Renegotiation {
  /** Whether an offer is under way: one of the peer's must wait. */
  readonly isOffering: boolean;
  /** Makes a new offer as soon as that is allowed. */
  offer(): void;
  /** Refreshes the session, asking for that interval in seconds. */
  refresh(interval: number): void;
  /** To be called when what `isBlocked` told is over. */
  resume(): void;
  close(): void;
}

export interface RenegotiationOptions {
  readonly context: SessionContext;
  readonly dialog: Dialog;
  readonly digest: DigestClient | undefined;
  readonly isCaller: boolean;
  request(method: string, headers?: Readonly<Record<string, string | string[]>>): RequestDraft;
  media(): SipMedia | undefined;
  takesUpdate(): boolean;
  /** Whether an INVITE of the peer's isn't over yet. */
  isBlocked(): boolean;
  acknowledge(invite: RequestDraft): void;
  confirm(response: SipResponse, terms: SessionTerms | undefined): void;
  refused(status: number): void;
  /** The dialog is dead (RFC 5057). */
  failed(end: SipCallEnd): void;
}

/** Answers after which the dialog is no more. */
const FATAL = [404, 408, 410, 416, 481, 482, 483, 484, 485, 502, 604];

export function createRenegotiation(options: RenegotiationOptions): Renegotiation {
  const { context, dialog, isCaller } = options;
  let isPending = false;
  let isOffering = false;
  let isOver = false;
  let wantsOffer = false;
  let wantedInterval = 0;
  let interval = context.sessionInterval;
  let minInterval = MIN_SESSION_INTERVAL;
  let isUpdateRefused = false;
  let retry: Timer | undefined;

  function start(): void {
    if (isOver || isPending || retry || options.isBlocked() || !(wantsOffer || wantedInterval > 0)) return;
    if (wantedInterval > 0) interval = wantedInterval;
    const isOffer = wantsOffer || isUpdateRefused || !options.takesUpdate();
    const isAsked = wantsOffer;
    wantsOffer = false;
    wantedInterval = 0;
    isPending = true;
    isOffering = isOffer;
    const description = isOffer ? options.media()?.createOffer() : undefined;
    const { headers = {}, body } = description === undefined ? {} : describe(description);
    const build = (): RequestDraft => {
      const draft = options.request(isOffer ? "INVITE" : "UPDATE", {
        contact: context.contactFor(dialog.flow, dialog.remoteTarget),
        allow: ALLOWED_METHODS,
        supported: SUPPORTED_OPTIONS,
        ...Object.fromEntries(askSessionTimer(interval, minInterval, "uac")),
        ...headers,
      });
      return body ? { ...draft, body } : draft;
    };
    let isAccepted = false;
    sendRequest(context, build, routeOf(dialog), options.digest, {
      response(response, transaction) {
        if (response.status >= 200 && response.status < 300) {
          // Its repetitions get their ACK and no more, even where a later offer has been answered since.
          const isFirst = !isAccepted;
          isAccepted = true;
          if (isFirst) dialog.refreshTarget(response, transaction.flow);
          if (isOffer) options.acknowledge(transaction.request);
          if (isFirst && !isOver) accepted(response, isOffer);
        } else if (response.status >= 300) failed(response.status, response, isOffer, isAsked);
      },
      failed: status => failed(status, undefined, isOffer, isAsked),
    });
  }

  function accepted(response: SipResponse, isInvite: boolean): void {
    isPending = false;
    isOffering = false;
    const description = descriptionIn(response);
    if (isInvite && (description === undefined || options.media()?.applyAnswer(description) !== true)) {
      options.failed({ by: "failure", status: 488, reason: "The answer can't be used", causes: [], contacts: [] });
      return;
    }
    options.confirm(response, acceptedSessionTimer(response.headers));
    start();
  }

  function failed(status: number, response: SipResponse | undefined, isOffer: boolean, isAsked: boolean): void {
    if (isOver) return;
    isPending = false;
    isOffering = false;
    if (FATAL.includes(status)) {
      const reason = response?.reason ?? reasonOf(status);
      options.failed({ by: "failure", status, reason, causes: response?.headers.get("reason") ?? [], contacts: [] });
      return;
    }
    const raised = status === 422 && response ? readMinInterval(response.headers) : 0;
    if (!isOffer && (status === 405 || status === 501)) isUpdateRefused = true;
    else if (raised > minInterval) minInterval = raised;
    else if (status !== 491) {
      if (isAsked) options.refused(status);
      start();
      return;
    }
    if (isAsked) wantsOffer = true;
    else wantedInterval = interval;
    later(status === 491 ? glareDelay() : 0);
  }

  /** RFC 3261 §14.1: the owner of the Call-ID waits longer, so that the two don't meet again. */
  function glareDelay(): number {
    const [high = 0, low = 0] = context.randomBytes(2);
    const share = ((high << 8) | low) / 65_536;
    return isCaller ? 2100 + 10 * Math.floor(share * 190) : 10 * Math.floor(share * 200);
  }

  function later(delay: number): void {
    retry = context.timers.set(delay, () => {
      retry = undefined;
      start();
    });
  }

  return {
    get isOffering() {
      return isOffering;
    },
    offer() {
      wantsOffer = true;
      start();
    },
    refresh(seconds) {
      wantedInterval = seconds;
      start();
    },
    resume: start,
    close() {
      isOver = true;
      retry?.cancel();
    },
  };
}
