import type { DigestClient } from "../auth/client.ts";
import type { Dialog } from "../dialog/dialog.ts";
import { header } from "../message/headers.ts";
import type { RequestDraft } from "../message/message.ts";
import { type ReferTo, readReferTo } from "../message/refer.ts";
import { reasonOf } from "../message/respond.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { SessionContext } from "./context.ts";
import { routeOf, sendRequest } from "./requester.ts";

/** The peer asks that somebody else be called in its place (RFC 3515). */
export interface Referral extends ReferTo {
  /** Tells it how that goes: statuses below 200, then a final one. */
  notify(status: number, now: number): void;
}

/** What the peer asks of us by REFER, one thing at a time. */
export interface Referrals {
  receive(transaction: ServerTransaction): void;
  close(): void;
}

export interface ReferralsOptions {
  readonly context: SessionContext;
  readonly dialog: Dialog;
  readonly digest: DigestClient | undefined;
  request(method: string, headers: Readonly<Record<string, string>>): RequestDraft;
  answer(transaction: ServerTransaction, status: number, headers?: Readonly<Record<string, string>>): void;
  /** Whether that is to be done: 202, or the status that refuses it. */
  referred(referral: Referral): number;
}

/** Seconds that the peer may expect to be told in; nobody rings for longer. */
const EXPIRES = 180;

export function createReferrals({ context, dialog, digest, ...options }: ReferralsOptions): Referrals {
  let isPending = false;
  let isClosed = false;

  function sendNotify(id: number, status: number): void {
    const state = status >= 200 ? "terminated;reason=noresource" : `active;expires=${EXPIRES}`;
    const body = Buffer.from(`SIP/2.0 ${status} ${reasonOf(status) || "Status"}\r\n`, "latin1");
    const build = (): RequestDraft => ({
      ...options.request("NOTIFY", {
        contact: context.contactFor(dialog.flow, dialog.remoteTarget),
        event: `refer;id=${id}`,
        "subscription-state": state,
        "content-type": "message/sipfrag;version=2.0",
      }),
      body,
    });
    sendRequest(context, build, routeOf(dialog), digest, { response() {}, failed() {} });
  }

  return {
    receive(transaction) {
      const { request, flow } = transaction;
      const target = readReferTo(request.headers);
      if (!target) return options.answer(transaction, 400);
      if (isPending) return options.answer(transaction, 491);
      // RFC 4488: whoever doesn't care is told nothing.
      const isSilent = /^\s*false\b/i.test(header(request.headers, "refer-sub") ?? "");
      let told = 0;
      const notify = (status: number): void => {
        // Many callees may ring, again and again.
        if (told >= 200 || status <= told || isClosed) return;
        told = status;
        if (status >= 200) isPending = false;
        if (!isSilent) sendNotify(request.cseq, status);
      };
      isPending = true;
      const status = options.referred({
        ...target,
        notify(status, now) {
          context.timers.advance(now);
          notify(status);
        },
      });
      if (status >= 300) {
        isPending = false;
        told = status;
        return options.answer(transaction, status);
      }
      options.answer(transaction, 202, {
        contact: context.contactFor(flow, dialog.remoteTarget),
        ...(isSilent && { "refer-sub": "false" }),
      });
      notify(100);
    },
    close() {
      isClosed = true;
    },
  };
}
