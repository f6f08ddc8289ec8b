import { formatRequest } from "../message/format.ts";
import type { SipHeaders } from "../message/headers.ts";
import { NO_BODY, type RequestDraft, type SipResponse } from "../message/message.ts";
import { isReliable, type SipFlow } from "../transport/flow.ts";
import { T1, T2, T4, type Timer, type Timers } from "./timers.ts";

/** Why a request got no response. */
export type ClientFailure = "timeout" | "transport";

export interface ClientTransactionEvents {
  /** Every response; of a final one that isn't 2xx only the first, of 2xx to INVITE each one. */
  response(response: SipResponse): void;
  /** There will be no final response. */
  failed(failure: ClientFailure): void;
}

/** A request that was sent, until its final response (RFC 3261 §17.1, RFC 6026 for INVITE). */
export interface ClientTransaction {
  readonly request: RequestDraft;
  readonly flow: SipFlow;
}

/** What the layer hands to a transaction. */
export interface ClientTransactionCore extends ClientTransaction {
  receive(response: SipResponse): void;
  /** Its connection broke. */
  fail(): void;
  /** It was cancelled: the final response is awaited for 64 × T1 only (RFC 3261 §9.1). */
  limit(): void;
}

export interface ClientTransactionHost {
  readonly timers: Timers;
  /** False if the bytes can't be sent. */
  send(flow: SipFlow, bytes: Uint8Array): boolean;
  /** It has ended and is to be forgotten. */
  ended(): void;
}

/** The ACK to a response that isn't 2xx, or the CANCEL of a request: of its transaction, so with its Via (§17.1.1.3, §9.1). */
export function sibling(request: RequestDraft, method: "ACK" | "CANCEL", to?: string): RequestDraft {
  const headers: SipHeaders = new Map();
  for (const key of ["via", "max-forwards", "from", "to", "call-id", "route"]) {
    const values = request.headers.get(key);
    if (values) headers.set(key, key === "via" ? values.slice(0, 1) : [...values]);
  }
  if (to !== undefined) headers.set("to", [to]);
  const number = request.headers.get("cseq")?.[0]?.split(" ", 1)[0];
  headers.set("cseq", [`${number} ${method}`]);
  return { method, uri: request.uri, headers, body: NO_BODY };
}

/** Sends the request at once, its Via being complete. */
export function createClientTransaction(
  request: RequestDraft,
  flow: SipFlow,
  events: ClientTransactionEvents,
  { timers, send, ended }: ClientTransactionHost,
): ClientTransactionCore {
  const isInvite = request.method === "INVITE";
  const isUnreliable = !isReliable(flow);
  const bytes = formatRequest(request);
  let state: "calling" | "proceeding" | "completed" | "accepted" | "over" = "calling";
  let resend: Timer | undefined;
  let timeout: Timer | undefined;
  let ack: Uint8Array | undefined;

  function end(): void {
    if (state === "over") return;
    state = "over";
    resend?.cancel();
    timeout?.cancel();
    ended();
  }

  function fail(failure: ClientFailure): void {
    const isWaiting = state === "calling" || state === "proceeding";
    end();
    if (isWaiting) events.failed(failure);
  }

  /** Timers A and E. */
  function repeat(delay: number): void {
    resend = timers.set(delay, () => {
      if (!send(flow, bytes)) return fail("transport");
      if (isInvite) repeat(2 * delay);
      else repeat(state === "proceeding" ? T2 : Math.min(2 * delay, T2));
    });
  }

  function endAfter(delay: number): void {
    resend?.cancel();
    timeout?.cancel();
    if (delay === 0) end();
    else timeout = timers.set(delay, end);
  }

  function receiveFinal(response: SipResponse): void {
    if (!isInvite) {
      state = "completed";
      endAfter(isUnreliable ? T4 : 0); // K
    } else if (response.status < 300) {
      state = "accepted";
      endAfter(64 * T1); // M
    } else {
      state = "completed";
      ack = formatRequest(sibling(request, "ACK", response.headers.get("to")?.[0]));
      send(flow, ack);
      endAfter(isUnreliable ? 64 * T1 : 0); // D
    }
    events.response(response);
  }

  const transaction: ClientTransactionCore = {
    request,
    flow,
    receive(response) {
      if (state === "completed") {
        if (ack && response.status >= 300) send(flow, ack);
      } else if (state === "accepted") {
        if (response.status >= 200 && response.status < 300) events.response(response);
      } else if (state !== "over" && response.status >= 200) receiveFinal(response);
      else if (state !== "over") {
        if (isInvite && state === "calling") {
          // From here on the callee's patience counts (RFC 3261 §17.1.1.2).
          resend?.cancel();
          timeout?.cancel();
        }
        state = "proceeding";
        events.response(response);
      }
    },
    fail: () => fail("transport"),
    limit() {
      if (state !== "calling" && state !== "proceeding") return;
      timeout?.cancel();
      timeout = timers.set(64 * T1, () => fail("timeout"));
    },
  };

  timeout = timers.set(64 * T1, () => fail("timeout")); // B, F
  if (isUnreliable) repeat(T1);
  // Told later: whoever sends must first have what it sent with.
  if (!send(flow, bytes)) timers.set(0, () => fail("transport"));
  return transaction;
}
