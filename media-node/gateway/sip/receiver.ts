import { createHmac, createSecretKey } from "node:crypto";
import { type Admission, isScanner } from "./admission.ts";
import { formatResponse } from "./message/format.ts";
import { randomToken } from "./message/identifier.ts";
import { type SipRequest, tagOf } from "./message/message.ts";
import { parseMessage } from "./message/parse.ts";
import { type Answerable, createResponse, type ResponseOptions } from "./message/respond.ts";
import { stampVia } from "./message/via.ts";
import type { RegisterAnswer } from "./registrar/bindings.ts";
import {
  ALLOWED_METHODS,
  refuseBody,
  refuseExtensions,
  refuseMethod,
  SDP_TYPE,
  SUPPORTED_OPTIONS,
} from "./session/body.ts";
import type { SessionContext } from "./session/context.ts";
import { refuseInterval } from "./session/session-timer.ts";
import { replyFlow } from "./transaction/layer.ts";
import type { ServerTransaction } from "./transaction/server.ts";
import type { SipFlow } from "./transport/flow.ts";

export interface SipCounters {
  /** Messages that were no SIP, broken beyond an answer, or beyond what a source may send. */
  dropped: number;
  /** Requests that named a scanner. */
  scanners: number;
  /** Requests answered 503: too many from a source, or at once. */
  overloaded: number;
  /** Requests refused without keeping anything. */
  refused: number;
}

/** What is to become of an INVITE. */
export type SipVerdict =
  | { readonly kind: "accept" }
  /** Answered without keeping anything: 401 with a challenge, 403, … */
  | ({ readonly kind: "refuse"; readonly status: number } & Pick<ResponseOptions, "reason" | "headers">)
  /** Not answered at all. */
  | { readonly kind: "drop" };

/** What is to become of a REGISTER. */
export type RegisterVerdict =
  /** From who has proved who it is. */
  ({ readonly kind: "answer" } & RegisterAnswer) | Exclude<SipVerdict, { kind: "accept" }>;

const WITHIN_DIALOGS = ["BYE", "INFO", "NOTIFY", "PRACK", "UPDATE"];

export interface ReceiverOptions {
  readonly context: SessionContext;
  readonly counters: SipCounters;
  readonly admission: Admission;
  send(flow: SipFlow, bytes: Uint8Array): void;
  admit(invite: SipRequest, flow: SipFlow): SipVerdict;
  /** Absent: nobody registers here. */
  readonly register?: ((request: SipRequest, flow: SipFlow) => RegisterVerdict) | undefined;
  /** Whether no more calls can be taken. */
  isFull(): boolean;
  /** Takes an admitted INVITE. */
  accept(transaction: ServerTransaction): void;
}

/** Everything that comes in is judged here: what is refused costs no state, what is taken goes where it belongs. */
export interface Receiver {
  receive(flow: SipFlow, bytes: Uint8Array): void;
}

export function createReceiver(options: ReceiverOptions): Receiver {
  const { context, counters, admission, send, admit, isFull, accept } = options;
  const { timers, transactions, dialogs, product, randomBytes } = context;
  const tagKey = createSecretKey(randomBytes(32));

  /** Answers and forgets; a repetition gets the same answer, with the same tag (RFC 3261 §8.2.7). */
  function answer(request: Answerable, flow: SipFlow, status: number, more: ResponseOptions = {}): void {
    const seed = ["via", "call-id", "cseq"].map(key => request.headers.get(key)?.[0] ?? "").join("\n");
    const toTag = createHmac("sha256", tagKey).update(seed).digest("hex").slice(0, 16);
    send(replyFlow(request.via, flow), formatResponse(createResponse(request, status, { ...more, toTag })));
  }

  /** Refuses as long as the source hasn't had too many refusals. */
  function refuse(request: Answerable, flow: SipFlow, status: number, more: ResponseOptions = {}): void {
    if (!admission.mayRefuse(flow.address, timers.now)) counters.dropped++;
    else {
      counters.refused++;
      answer(request, flow, status, more);
    }
  }

  function overload(request: SipRequest, flow: SipFlow): void {
    counters.overloaded++;
    refuse(request, flow, 503, { headers: { "retry-after": "5" } });
  }

  function receiveCancel(request: SipRequest, flow: SipFlow): void {
    const found = transactions.findCancelled(request);
    if (!found || found.flow.address !== flow.address) {
      refuse(request, flow, 481);
      return;
    }
    transactions.accept(request, flow).respond(createResponse(request, 200));
    found.onCancel?.();
  }

  function receiveWithin(request: SipRequest, flow: SipFlow): void {
    const user = dialogs.find(request);
    if (!user) refuse(request, flow, 481);
    else if (!admission.mayContinue(flow.address, timers.now)) counters.dropped++;
    else if (transactions.isFull) overload(request, flow);
    else user.receive(transactions.accept(request, flow));
  }

  function receiveInvite(invite: SipRequest, flow: SipFlow): void {
    const refusal = refuseBody(invite) ?? refuseInterval(invite.headers);
    if (refusal) {
      refuse(invite, flow, refusal.status, refusal);
      return;
    }
    if (isFull()) {
      overload(invite, flow);
      return;
    }
    const verdict = admit(invite, flow);
    if (verdict.kind === "drop") counters.dropped++;
    else if (verdict.kind === "refuse") {
      counters.refused++;
      answer(invite, flow, verdict.status, verdict);
    } else {
      accept(transactions.accept(invite, flow));
    }
  }

  function receiveRegister(request: SipRequest, flow: SipFlow, judge: NonNullable<typeof options.register>): void {
    if (transactions.isFull) {
      overload(request, flow);
      return;
    }
    const verdict = judge(request, flow);
    if (verdict.kind === "drop") counters.dropped++;
    else if (verdict.kind === "refuse") refuse(request, flow, verdict.status, verdict);
    else {
      // A repetition gets the same answer: its password was good for once.
      const response = createResponse(request, verdict.status, { ...verdict, toTag: randomToken(randomBytes, 8) });
      transactions.accept(request, flow).respond(response);
    }
  }

  /** A request outside of dialogs. */
  function receiveNew(request: SipRequest, flow: SipFlow): void {
    if (isScanner(request.headers)) {
      counters.scanners++;
      return;
    }
    if (!admission.mayBegin(flow.address, timers.now)) {
      overload(request, flow);
      return;
    }
    const { method } = request;
    if (WITHIN_DIALOGS.includes(method)) {
      refuse(request, flow, 481);
      return;
    }
    // Whoever isn't in a call sends nobody anywhere.
    if (method === "REFER") {
      refuse(request, flow, 403);
      return;
    }
    if (method === "REGISTER" && options.register !== undefined) {
      receiveRegister(request, flow, options.register);
      return;
    }
    if (method !== "INVITE" && method !== "OPTIONS") {
      const refusal = refuseMethod(method);
      refuse(request, flow, refusal.status, refusal);
      return;
    }
    if (!["sip", "sips", "tel"].includes(request.target.scheme)) {
      refuse(request, flow, 416);
      return;
    }
    const refusal = refuseExtensions(request.headers);
    if (refusal) {
      refuse(request, flow, refusal.status, refusal);
      return;
    }
    if (transactions.isMerged(request)) {
      refuse(request, flow, 482);
      return;
    }
    if (method === "INVITE") {
      receiveInvite(request, flow);
      return;
    }
    answer(request, flow, 200, {
      headers: { allow: ALLOWED_METHODS, accept: SDP_TYPE, supported: SUPPORTED_OPTIONS, server: product },
    });
  }

  function receiveRequest(received: SipRequest, flow: SipFlow): void {
    const request = { ...received, via: stampVia(received.via, flow.address, flow.port) };
    if (transactions.absorb(request)) return;
    if (request.method === "ACK") dialogs.find(request)?.receiveAck(request);
    else if (request.method === "CANCEL") receiveCancel(request, flow);
    else if (tagOf(request.to) !== "") receiveWithin(request, flow);
    else receiveNew(request, flow);
  }

  return {
    receive(flow, bytes) {
      const parsed = parseMessage(bytes);
      if (!parsed) counters.dropped++;
      else if (parsed.kind === "response") transactions.receiveResponse(parsed.response);
      else if (parsed.kind === "request") receiveRequest(parsed.request, flow);
      else {
        const { malformed } = parsed;
        const request = { ...malformed, via: stampVia(malformed.via, flow.address, flow.port) };
        if (isScanner(malformed.headers)) counters.scanners++;
        else refuse(request, flow, malformed.status, { reason: malformed.reason });
      }
    },
  };
}
