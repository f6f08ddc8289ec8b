import type { Dialog } from "../dialog/dialog.ts";
import type { RequestDraft } from "../message/message.ts";
import { createResponse, type ResponseOptions } from "../message/respond.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { describe } from "./body.ts";
import type { SessionContext } from "./context.ts";

/** Writes what is said within a dialog. */
export interface DialogMessages {
  request(method: string, headers?: Readonly<Record<string, string | string[]>>, cseq?: number): RequestDraft;
  /** The ACK to a 2xx, with the credentials of its INVITE (RFC 3261 §22.1). */
  ack(invite: RequestDraft, cseq: number, description: string | undefined): RequestDraft;
  answer(transaction: ServerTransaction, status: number, more?: ResponseOptions): void;
}

export function createDialogMessages({ product }: SessionContext, dialog: Dialog): DialogMessages {
  function request(
    method: string,
    headers: Readonly<Record<string, string | string[]>> = {},
    cseq?: number,
  ): RequestDraft {
    const draft = dialog.createRequest(method, cseq);
    draft.headers.set("user-agent", [product]);
    for (const [key, value] of Object.entries(headers))
      draft.headers.set(key, typeof value === "string" ? [value] : value);
    return draft;
  }
  return {
    request,
    ack(invite, cseq, description) {
      const { headers = {}, body } = description === undefined ? {} : describe(description);
      const draft = request("ACK", headers, cseq);
      for (const key of ["authorization", "proxy-authorization"]) {
        const values = invite.headers.get(key);
        if (values) draft.headers.set(key, values);
      }
      return body ? { ...draft, body } : draft;
    },
    answer(transaction, status, more = {}) {
      transaction.respond(createResponse(transaction.request, status, { ...more, toTag: dialog.localTag }));
    },
  };
}
