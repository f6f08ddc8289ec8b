import { formatResponse } from "../message/format.ts";
import type { ResponseDraft, SipRequest } from "../message/message.ts";
import { isReliable, type SipFlow } from "../transport/flow.ts";
import { T1, T2, T4, type Timer, type Timers } from "./timers.ts";

/** A request that was received, until its answer is sure to have arrived (RFC 3261 §17.2, RFC 6026 for INVITE). */
export interface ServerTransaction {
  readonly request: SipRequest;
  /** Where it came from. */
  readonly flow: SipFlow;
  /** Whether a final response was sent. */
  readonly isAnswered: boolean;
  /**
   * Sends a response. Provisional ones after a final one, and second final ones, are not sent; 2xx to INVITE are sent every
   * time, since their repetition is the caller's business (RFC 3261 §13.3.1.4).
   */
  respond(response: ResponseDraft): void;
  /** What a CANCEL calls, if it comes before the final response; set by whoever answers INVITE. */
  onCancel: (() => void) | undefined;
}

/** What the layer hands to a transaction. */
export interface ServerTransactionCore extends ServerTransaction {
  /** Whether it was an INVITE and its final response a 2xx. */
  readonly isAccepted: boolean;
  /** The same request again. */
  repeat(): void;
  /** The ACK to a final response other than 2xx. */
  acknowledge(): void;
}

export interface ServerTransactionHost {
  readonly timers: Timers;
  send(flow: SipFlow, bytes: Uint8Array): void;
  /** It has ended and is to be forgotten. */
  ended(): void;
}

/** @param replyFlow where responses go (RFC 3261 §18.2.2) */
export function createServerTransaction(
  request: SipRequest,
  flow: SipFlow,
  replyFlow: SipFlow,
  { timers, send, ended }: ServerTransactionHost,
): ServerTransactionCore {
  const isInvite = request.method === "INVITE";
  const linger = isReliable(flow) ? 0 : 64 * T1;
  let state: "proceeding" | "completed" | "accepted" | "confirmed" | "over" = "proceeding";
  let last: Uint8Array | undefined;
  let resend: Timer | undefined;
  let timeout: Timer | undefined;

  function end(): void {
    if (state === "over") return;
    state = "over";
    resend?.cancel();
    timeout?.cancel();
    ended();
  }

  function endAfter(delay: number): void {
    timeout?.cancel();
    if (delay === 0) end();
    else timeout = timers.set(delay, end);
  }

  /** Timer G. */
  function repeatUntilAck(delay: number): void {
    resend = timers.set(delay, () => {
      if (last) send(replyFlow, last);
      repeatUntilAck(Math.min(2 * delay, T2));
    });
  }

  function complete(status: number): void {
    if (!isInvite) {
      state = "completed";
      endAfter(linger); // J
    } else if (status < 300) {
      state = "accepted";
      endAfter(64 * T1); // L
    } else {
      state = "completed";
      if (!isReliable(flow)) repeatUntilAck(T1);
      endAfter(64 * T1); // H
    }
  }

  return {
    request,
    flow,
    onCancel: undefined,
    get isAnswered() {
      return state !== "proceeding";
    },
    get isAccepted() {
      return state === "accepted";
    },
    respond(response) {
      if (state === "accepted" && response.status >= 200 && response.status < 300) {
        send(replyFlow, formatResponse(response));
        return;
      }
      if (state !== "proceeding") return;
      last = formatResponse(response);
      send(replyFlow, last);
      if (response.status >= 200) complete(response.status);
    },
    repeat() {
      if (last && (state === "proceeding" || state === "completed")) send(replyFlow, last);
    },
    acknowledge() {
      if (!isInvite || state !== "completed") return;
      state = "confirmed";
      resend?.cancel();
      endAfter(isReliable(flow) ? 0 : T4); // I
    },
  };
}
