import type { DigestClient } from "../auth/client.ts";
import type { Dialog } from "../dialog/dialog.ts";
import { header } from "../message/headers.ts";
import type { RequestDraft, SipRequest } from "../message/message.ts";
import { readEvent, readFragment } from "../message/refer.ts";
import type { Timer } from "../transaction/timers.ts";
import { contentType } from "./body.ts";
import type { SessionContext } from "./context.ts";
import { routeOf, sendRequest } from "./requester.ts";

/** What we ask of the peer by REFER (RFC 3515): to call somebody else. One thing at a time. */
export interface Referring {
  /** @param referTo value of Refer-To. False: the last one isn't over yet, or the call is */
  refer(referTo: string): boolean;
  /** A NOTIFY within the dialog. @returns the status that answers it */
  receive(notify: SipRequest): number;
  close(): void;
}

export interface ReferringOptions {
  readonly context: SessionContext;
  readonly dialog: Dialog;
  readonly digest: DigestClient | undefined;
  request(method: string, headers: Readonly<Record<string, string>>): RequestDraft;
  /** How it goes: statuses below 200, then a final one. */
  progress(status: number): void;
  /** The peer no longer knows the dialog. */
  gone(): void;
}

/** The peer has so long (ms) to say what has become of it. */
const PATIENCE = 180_000;

export function createReferring({ context, dialog, digest, ...options }: ReferringOptions): Referring {
  /** CSeq of the REFER whose outcome isn't known; 0: there is none. */
  let pending = 0;
  let told = 0;
  let timeout: Timer | undefined;
  let closed = false;

  function tell(status: number): void {
    if (closed || pending === 0 || status <= told) return;
    told = status;
    if (status >= 200) stop();
    options.progress(status);
  }

  function stop(): void {
    pending = 0;
    timeout?.cancel();
  }

  return {
    refer(referTo) {
      if (closed || pending !== 0) return false;
      told = 0;
      pending = -1;
      timeout = context.timers.set(PATIENCE, () => tell(408));
      const build = (): RequestDraft => {
        const draft = options.request("REFER", {
          contact: context.contactFor(dialog.flow, dialog.remoteTarget),
          "refer-to": referTo,
        });
        draft.headers.set("referred-by", [(header(draft.headers, "from") ?? "").replace(/;tag=[^;]*$/, "")]);
        pending = Number(header(draft.headers, "cseq")?.split(" ", 1)[0]);
        return draft;
      };
      sendRequest(context, build, routeOf(dialog), digest, {
        response({ status }) {
          // What comes of a REFER that was taken is told by NOTIFY.
          if (status >= 300) tell(status);
          if (status === 481) options.gone();
        },
        failed: tell,
      });
      return true;
    },
    receive({ headers, body }) {
      const { name, id } = readEvent(headers);
      if (name !== "refer") return 489;
      if (pending === 0 || (id !== undefined && Number(id) !== pending)) return 481;
      const status = contentType(headers) === "message/sipfrag" ? readFragment(body) : undefined;
      if (status !== undefined) tell(status);
      // It will say no more, so it never went well.
      if (/^\s*terminated\b/i.test(header(headers, "subscription-state") ?? "")) tell(503);
      return 200;
    },
    close() {
      closed = true;
      stop();
    },
  };
}
