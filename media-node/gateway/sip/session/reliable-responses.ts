import { hasToken } from "../message/headers.ts";
import type { ResponseDraft, SipRequest } from "../message/message.ts";
import { readRAck } from "../message/refer.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { T1, type Timer } from "../transaction/timers.ts";
import type { SessionContext } from "./context.ts";

/** Provisional responses to an INVITE, each repeated until its PRACK comes (RFC 3262 §3). */
export interface ReliableResponses {
  /** Whether a description is on its way: a 2xx must wait for its PRACK. */
  readonly isDescribing: boolean;
  /** Sends a response as soon as the one before has been acknowledged; of several that wait the last counts. */
  send(response: ResponseDraft): void;
  /** Takes a PRACK; false if it acknowledges nothing that waits for it. */
  acknowledge(prack: SipRequest): boolean;
  /** Repeats nothing any more, and sends nothing; a PRACK to what was sent last may be on its way still. */
  stop(): void;
}

/** What the caller says of reliable responses. */
export function reliabilityOf({ headers }: SipRequest): "required" | "supported" | "none" {
  if (hasToken(headers, "require", "100rel")) return "required";
  return hasToken(headers, "supported", "100rel") ? "supported" : "none";
}

/** @param timedOut no PRACK within 64 × T1: the INVITE is to be refused */
export function createReliableResponses(
  { timers, randomBytes }: SessionContext,
  transaction: ServerTransaction,
  timedOut: () => void,
): ReliableResponses {
  let number = Buffer.from(randomBytes(4)).readUInt32BE() >>> 2;
  let pending: ResponseDraft | undefined;
  let next: ResponseDraft | undefined;
  let resend: Timer | undefined;
  let timeout: Timer | undefined;
  let isStopped = false;

  function quieten(): void {
    resend?.cancel();
    timeout?.cancel();
  }

  function repeat(response: ResponseDraft, delay: number): void {
    transaction.respond(response);
    resend = timers.set(delay, () => repeat(response, 2 * delay));
  }

  function begin(response: ResponseDraft): void {
    const headers = new Map([...response.headers, ["require", ["100rel"]], ["rseq", [String(++number)]]]);
    pending = { ...response, headers };
    timeout = timers.set(64 * T1, () => {
      quieten();
      pending = undefined;
      timedOut();
    });
    repeat(pending, T1);
  }

  return {
    get isDescribing() {
      return [pending, next].some(response => response !== undefined && response.body.length > 0);
    },
    send(response) {
      if (isStopped) return;
      // What waits with a description can't be left out: what comes after it stands in its words alone.
      if (pending) next = next && next.body.length > 0 && response.body.length === 0 ? next : response;
      else begin(response);
    },
    acknowledge(prack) {
      const acknowledged = readRAck(prack.headers);
      const { cseq, method } = transaction.request;
      if (!pending || acknowledged?.number !== number) return false;
      if (acknowledged.cseq !== cseq || acknowledged.method !== method) return false;
      quieten();
      pending = undefined;
      const following = next;
      next = undefined;
      if (following) begin(following);
      return true;
    },
    stop() {
      isStopped = true;
      next = undefined;
      quieten();
    },
  };
}
