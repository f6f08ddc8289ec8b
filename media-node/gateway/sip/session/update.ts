import type { Dialog } from "../dialog/dialog.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { describe, descriptionIn, refuseBody } from "./body.ts";
import type { SessionContext } from "./context.ts";
import { dialogFields } from "./fields.ts";
import type { SipMedia } from "./media.ts";
import type { DialogMessages } from "./messages.ts";
import { refuseInterval } from "./session-timer.ts";

export interface UpdateOptions extends Pick<DialogMessages, "answer"> {
  readonly context: SessionContext;
  readonly dialog: Dialog;
  /** Who answers an offer; undefined: none can be taken now. */
  readonly media: SipMedia | undefined;
  /** What the answer says of the session timer. */
  settleTerms(transaction: ServerTransaction): Readonly<Record<string, string>>;
}

/** Answers an UPDATE: an offer, a refresh, or both (RFC 3311). */
export function answerUpdate(transaction: ServerTransaction, options: UpdateOptions): void {
  const { context, dialog, media, answer } = options;
  const { request, flow } = transaction;
  const refusal = refuseBody(request) ?? refuseInterval(request.headers);
  if (refusal) {
    answer(transaction, refusal.status, refusal);
    return;
  }
  const offer = descriptionIn(request);
  const description = offer === undefined ? undefined : media?.answerOffer(offer);
  if (offer !== undefined && description === undefined) {
    answer(transaction, media ? 488 : 491);
    return;
  }
  dialog.refreshTarget(request, flow);
  const terms = options.settleTerms(transaction);
  const { headers = {}, body } = description === undefined ? {} : describe(description);
  answer(transaction, 200, {
    headers: { ...dialogFields(context, transaction), ...terms, ...headers },
    ...(body && { body }),
  });
}
