import type { DigestClient } from "../auth/client.ts";
import type { Dialog } from "../dialog/dialog.ts";
import type { RequestDraft, SipResponse } from "../message/message.ts";
import { parseUri } from "../message/uri.ts";
import type { ClientFailure, ClientTransaction } from "../transaction/client.ts";
import { isReliable, type SipFlow } from "../transport/flow.ts";
import type { SessionContext } from "./context.ts";

/** Where a request goes first. */
export interface RequestRoute {
  /** URI of the next hop, as written. */
  readonly nextHop: string;
  /** Tried before that: the connection, or the hole in a NAT, through which the peer came. */
  readonly flow?: SipFlow | undefined;
}

export interface RequestEvents {
  /** Provisional responses, and the final one that counts; 2xx to INVITE each time that they come. */
  response(response: SipResponse, transaction: ClientTransaction): void;
  /** No response: 408 for silence, 503 where there is no way (RFC 3261 §8.1.3.1). */
  failed(status: 408 | 503): void;
}

export interface OutgoingRequest {
  /** Cancels an INVITE as soon as that is allowed; idempotent. */
  cancel(): void;
}

/** The route of requests within a dialog. */
export function routeOf(dialog: Dialog): RequestRoute {
  const { nextHop, flow, isBehindNat } = dialog;
  return { nextHop, flow: isReliable(flow) || isBehindNat ? flow : undefined };
}

/** Finds the flows of a route and hands them on, the preferred one first. */
function findFlows(context: SessionContext, route: RequestRoute, done: (flows: readonly SipFlow[]) => void): void {
  const { nextHop, flow } = route;
  const uri = parseUri(nextHop);
  // A browser is reached by the connection that it made, or not at all.
  if (flow && (!isReliable(flow) || flow.transport === "ws" || flow.transport === "wss")) done([flow]);
  else if (!uri) done(flow ? [flow] : []);
  else context.resolve(uri, flows => done(flow ? [flow, ...flows] : flows));
}

/** Sends the ACK to a 2xx; it has no transaction, the 2xx is repeated if it gets lost. */
export function sendAck(context: SessionContext, ack: RequestDraft, route: RequestRoute): void {
  findFlows(context, route, flows => {
    for (const flow of flows) if (context.transactions.sendAck(ack, flow)) return;
  });
}

/**
 * Sends a request: tries the next server where one is silent, gone or overloaded (RFC 3263 §4.3), and answers challenges.
 * @param build makes the request for each try, with a new CSeq
 */
export function sendRequest(
  context: SessionContext,
  build: (flow: SipFlow) => RequestDraft,
  route: RequestRoute,
  digest: DigestClient | undefined,
  events: RequestEvents,
): OutgoingRequest {
  let current: ClientTransaction | undefined;
  let isCancelled = false;
  let hasProvisional = false;

  function send(flows: readonly SipFlow[]): void {
    const [flow, ...others] = flows;
    const draft = flow && build(flow);
    if (!draft) {
      context.timers.set(0, () => events.failed(503));
      return;
    }
    const headers = new Map(draft.headers);
    for (const [key, values] of digest?.authorize(draft.method, draft.uri) ?? []) headers.set(key, values);
    const transaction = context.transactions.request({ ...draft, headers }, flow, {
      response: response => receive(response, flows),
      failed: failure => fail(failure, others),
    });
    if (transaction) current = transaction;
    else context.timers.set(0, () => events.failed(503));
  }

  function fail(failure: ClientFailure, others: readonly SipFlow[]): void {
    if (others.length > 0 && !hasProvisional && !isCancelled) send(others);
    else events.failed(failure === "timeout" ? 408 : 503);
  }

  function receive(response: SipResponse, flows: readonly SipFlow[]): void {
    const { status } = response;
    if (status < 200 && !hasProvisional) {
      hasProvisional = true;
      if (isCancelled && current) context.transactions.cancel(current);
    }
    const isAsked = status === 401 || status === 407;
    if (isAsked && !isCancelled && digest?.challenged(response)) {
      hasProvisional = false;
      send(flows);
    } else if (status === 503 && flows.length > 1 && !hasProvisional && !isCancelled) send(flows.slice(1));
    else if (current) events.response(response, current);
  }

  findFlows(context, route, flows => {
    if (isCancelled) context.timers.set(0, () => events.failed(408));
    else send(flows);
  });

  return {
    cancel() {
      if (isCancelled) return;
      isCancelled = true;
      if (hasProvisional && current) context.transactions.cancel(current);
    },
  };
}
