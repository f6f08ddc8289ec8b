import { type AdmissionLimits, createAdmission, DEFAULT_ADMISSION } from "./admission.ts";
import type { RandomBytes } from "./message/identifier.ts";
import type { SipRequest } from "./message/message.ts";
import { formatHostPort, type SipUri } from "./message/uri.ts";
import { createReceiver, type RegisterVerdict, type SipCounters, type SipVerdict } from "./receiver.ts";
import { createRegistration, type Registration, type RegistrationOptions } from "./registration/registration.ts";
import type { CallOptions, IncomingCall, SipCall } from "./session/call.ts";
import type { SessionContext } from "./session/context.ts";
import { createDialogTable } from "./session/dialog-table.ts";
import { createIncomingCall } from "./session/incoming-call.ts";
import type { SipCallEvents } from "./session/media.ts";
import { createOutgoingCall } from "./session/outgoing-call.ts";
import { SESSION_INTERVAL } from "./session/session-timer.ts";
import { createTransactionLayer } from "./transaction/layer.ts";
import { createTimers } from "./transaction/timers.ts";
import type { SipFlow } from "./transport/flow.ts";

/** The world that a stack is in. */
export interface SipIo {
  /**
   * Sends a message; the bytes may be kept. A flow without a connection's number takes or opens one.
   * @returns false if it can't be sent: the connection is gone, the address can't be used
   */
  send(flow: SipFlow, bytes: Uint8Array): boolean;
  /** Finds the servers of a URI (RFC 3263), best first; none: there are none. May call back at once. */
  resolve(uri: SipUri, done: (flows: readonly SipFlow[], now: number) => void): void;
  /** The host and port at which peers on that flow reach us. */
  addressOf(flow: SipFlow): { readonly host: string; readonly port: number };
  /** `nextTimeout` came nearer. */
  wake?(): void;
}

/** Whoever takes calls. */
export interface SipHandler {
  /** Judges an INVITE before anything is kept of it; repetitions of one that was refused are judged anew. */
  admit(invite: SipRequest, flow: SipFlow, now: number): SipVerdict;
  /** Judges a REGISTER; left out: nobody registers here. */
  register?(request: SipRequest, flow: SipFlow, now: number): RegisterVerdict;
  /** A connection broke, and with it what was registered by it. */
  flowFailed?(flow: SipFlow, now: number): void;
  /** A call that was admitted came in: to be answered now or later. Returns where its events go. */
  called(call: IncomingCall, now: number): SipCallEvents;
}

export interface SipStackOptions {
  readonly io: SipIo;
  readonly handler: SipHandler;
  readonly randomBytes: RandomBytes;
  /** Milliseconds, on the clock of every later `now`. */
  readonly now: number;
  /** For User-Agent and Server: name/version. */
  readonly product?: string;
  /** User part of our Contact. */
  readonly contactUser?: string;
  /** Session interval that we ask for (RFC 4028), in seconds. */
  readonly sessionInterval?: number;
  readonly maxCalls?: number;
  /** Bound on the transactions of either side. */
  readonly maxTransactions?: number;
  readonly admission?: AdmissionLimits;
}

/**
 * A SIP endpoint (RFC 3261): takes and makes calls. Sans-I/O: it is handed messages and the time, and hands out messages;
 * to be told the time when `nextTimeout` comes.
 */
export interface SipStack {
  readonly counters: SipCounters;
  readonly calls: number;
  readonly nextTimeout: number;
  advance(now: number): void;
  /** A datagram, a WebSocket message, or what a framer cut out of a stream; not kept. */
  receive(flow: SipFlow, bytes: Uint8Array, now: number): void;
  /** A connection broke or could not be made. */
  flowFailed(flow: SipFlow, now: number): void;
  /** A connection's peer answered a keep-alive (RFC 5626 §4.4.1). */
  pong(flow: SipFlow, now: number): void;
  call(options: CallOptions, now: number): SipCall;
  /** Registers somewhere, until it is stopped. */
  register(options: RegistrationOptions, now: number): Pick<Registration, "serviceRoute" | "stop">;
  /** Ends every call and registration and takes no more; idempotent. What peers then send is still answered. */
  close(now: number): void;
}

export function createSipStack(options: SipStackOptions): SipStack {
  const { io, handler, randomBytes, product = "Tandem", contactUser = "tandem", maxCalls = 2_000 } = options;
  const timers = createTimers(options.now, () => io.wake?.());
  const counters: SipCounters = { dropped: 0, scanners: 0, overloaded: 0, refused: 0 };
  const calls = new Set<SipCall>();
  const registrations = new Set<Registration>();
  let isClosed = false;
  const transactions = createTransactionLayer({
    timers,
    randomBytes,
    maxTransactions: options.maxTransactions ?? 20_000,
    addressOf: io.addressOf,
    send: io.send,
  });
  const dialogs = createDialogTable();
  const context: SessionContext = {
    timers,
    randomBytes,
    transactions,
    dialogs,
    product,
    sessionInterval: options.sessionInterval ?? SESSION_INTERVAL,
    contactFor(flow, target) {
      const { host, port } = io.addressOf(flow);
      const isSecured = /^sips:/i.test(target);
      return isSecured
        ? `<sips:${contactUser}@${formatHostPort(host, port)}>`
        : `<${context.uriFor(flow, contactUser)}>`;
    },
    uriFor(flow, user, { host, port } = io.addressOf(flow)) {
      const transport = flow.transport === "udp" ? "" : `;transport=${flow.transport}`;
      return `sip:${user}@${formatHostPort(host, port)}${transport}`;
    },
    resolve(uri, done) {
      io.resolve(uri, (flows, now) => {
        timers.advance(now);
        done(flows);
      });
    },
  };

  const receiver = createReceiver({
    context,
    counters,
    admission: createAdmission(options.admission ?? DEFAULT_ADMISSION, Buffer.from(randomBytes(4)).readInt32BE()),
    send: io.send,
    admit: (invite, flow) => handler.admit(invite, flow, timers.now),
    register: handler.register && ((request, flow) => handler.register!(request, flow, timers.now)),
    isFull: () => isClosed || transactions.isFull || calls.size >= maxCalls,
    accept(transaction) {
      createIncomingCall(
        context,
        transaction,
        call => {
          calls.add(call);
          return handler.called(call, timers.now);
        },
        call => calls.delete(call),
      );
    },
  });

  return {
    counters,
    get calls() {
      return calls.size;
    },
    get nextTimeout() {
      return timers.next;
    },
    advance: now => timers.advance(now),
    receive(flow, bytes, now) {
      timers.advance(now);
      receiver.receive(flow, bytes);
    },
    flowFailed(flow, now) {
      timers.advance(now);
      transactions.flowFailed(flow);
      for (const registration of registrations) registration.flowFailed(flow);
      handler.flowFailed?.(flow, timers.now);
    },
    pong(flow, now) {
      timers.advance(now);
      for (const registration of registrations) registration.pong(flow);
    },
    register(registrationOptions, now) {
      timers.advance(now);
      const registration = createRegistration(context, io.send, registrationOptions);
      registrations.add(registration);
      return {
        get serviceRoute() {
          return registration.serviceRoute;
        },
        stop(at) {
          registration.stop(at);
          registrations.delete(registration);
        },
      };
    },
    call(callOptions, now) {
      timers.advance(now);
      const call = createOutgoingCall(context, callOptions, ended => calls.delete(ended));
      calls.add(call);
      return call;
    },
    close(now) {
      timers.advance(now);
      isClosed = true;
      for (const call of [...calls]) call.hangUp(now);
      for (const registration of registrations) registration.stop(now);
      registrations.clear();
    },
  };
}
