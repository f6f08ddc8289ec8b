/**
 * Being registered at a registrar (RFC 3261 §10, RFC 5626): made, refreshed, kept alive, made anew when its way breaks.
 * @module
 */
import { createDigestClient, type DigestClient, type SipCredentials } from "../auth/client.ts";
import { header, headerList, type SipHeaders } from "../message/headers.ts";
import { randomToken } from "../message/identifier.ts";
import { NO_BODY, type RequestDraft, type SipResponse } from "../message/message.ts";
import { parseNameAddress } from "../message/name-address.ts";
import { userOf } from "../message/uri.ts";
import type { SessionContext } from "../session/context.ts";
import { sendRequest } from "../session/requester.ts";
import type { Timer } from "../transaction/timers.ts";
import { isReliable, type SipFlow } from "../transport/flow.ts";
import { keepAliveInterval, PONG_LIMIT, refreshDelay, retryDelay } from "./intervals.ts";

export interface RegistrationOptions {
  /** Where to register. */
  readonly registrar: string;
  /** The address-of-record: who is called there. */
  readonly address: string;
  readonly credentials: SipCredentials;
  /** User part of our Contact: what is called when the address-of-record is. */
  readonly contactUser: string;
  /** `urn:uuid:…`, the same whenever and wherever it registers (RFC 5626 §4.1): the newest takes the place of the one before. */
  readonly instance: string;
  readonly events: RegistrationEvents;
}

export interface RegistrationEvents {
  /** @param reason why it is not registered, or not any more; "" where there is none */
  changed(state: "registering" | "registered" | "failed", reason: string): void;
}

export interface Registration {
  /** Proxies that requests have to go by (RFC 3608). */
  readonly serviceRoute: readonly string[];
  /** Something came on a flow that answers a keep-alive. */
  pong(flow: SipFlow): void;
  flowFailed(flow: SipFlow): void;
  /** Takes the registration back, of this Contact alone; idempotent. */
  stop(now: number): void;
}

/** What is asked for (s), and the most that a registrar may make of it. */
const INTERVAL = 600;
const MAX_INTERVAL = 86_400;
const PING = Buffer.from("\r\n\r\n");
const MAX_ROUTE = 8;

/** The flow of a registration, and what its registrar does for it. */
interface Binding {
  readonly flow: SipFlow;
  /** Whether it answers keep-alives, and misses them (RFC 5626 §6). */
  readonly isOutbound: boolean;
}

const isSameFlow = (a: SipFlow, b: SipFlow): boolean =>
  a.transport === b.transport && a.address === b.address && a.port === b.port;

export function createRegistration(
  context: SessionContext,
  send: (flow: SipFlow, bytes: Uint8Array) => boolean,
  options: RegistrationOptions,
): Registration {
  const { timers, randomBytes } = context;
  const { registrar, address, contactUser, instance, events } = options;
  const callId = randomToken(randomBytes, 16);
  const tag = randomToken(randomBytes, 8);
  const newDigest = (): DigestClient => createDigestClient(options.credentials, randomBytes);
  let digest = newDigest();
  /** Whether a refresh has begun anew with the password: servers that forget a nonce don't all say that it is stale. */
  let isProvenAnew = false;
  let cseq = 0;
  let interval = INTERVAL;
  let failures = 0;
  let binding: Binding | undefined;
  /** Where the registrar sees us: behind a NAT that is our address. */
  let seenAt: { readonly host: string; readonly port: number } | undefined;
  let serviceRoute: readonly string[] = [];
  let told = "";
  let next: Timer | undefined;
  let ping: Timer | undefined;
  let pong: Timer | undefined;
  let isStopped = false;

  const chance = (): number => randomBytes(1)[0]! / 256;

  function tell(state: Parameters<RegistrationEvents["changed"]>[0], reason: string): void {
    if (isStopped || told === `${state} ${reason}`) return;
    told = `${state} ${reason}`;
    events.changed(state, reason);
  }

  function build(flow: SipFlow, expires: number): RequestDraft {
    const contact = `<${context.uriFor(flow, contactUser, isReliable(flow) ? undefined : seenAt)}>`;
    const headers: SipHeaders = new Map([
      ["max-forwards", ["70"]],
      ["from", [`<${address}>;tag=${tag}`]],
      ["to", [`<${address}>`]],
      ["call-id", [callId]],
      ["cseq", [`${++cseq} REGISTER`]],
      // Without its instance only this very Contact is taken back, and not who has taken its place.
      ["contact", [expires === 0 ? contact : `${contact};+sip.instance="<${instance}>";reg-id=1`]],
      ["expires", [String(expires)]],
      ["supported", ["path, outbound"]],
      ["user-agent", [context.product]],
    ]);
    return { method: "REGISTER", uri: registrar, headers, body: NO_BODY };
  }

  function register(): void {
    next?.cancel();
    // Why it failed counts until it hasn't.
    if (binding === undefined && failures === 0) tell("registering", "");
    sendRequest(context, flow => build(flow, interval), { nextHop: registrar, flow: binding?.flow }, digest, {
      response(response, { flow }) {
        if (isStopped || response.status < 200) return;
        if (response.status < 300) accepted(response, flow);
        else refused(response);
      },
      failed: status =>
        retry(status === 408 ? "408 the registrar doesn't answer" : "503 the registrar can't be reached"),
    });
  }

  /** How long it lasts (s): what is said of our Contact, or of all. */
  function grantedBy({ headers }: SipResponse): number {
    const own = (headerList(headers, "contact") ?? [])
      .map(parseNameAddress)
      .find(contact => contact !== undefined && userOf(contact.uri) === contactUser);
    const written = own?.parameters.get("expires") ?? header(headers, "expires");
    const seconds = /^\d{1,9}$/.test(written ?? "") ? Number(written) : interval;
    return Math.min(seconds, MAX_INTERVAL);
  }

  function accepted(response: SipResponse, flow: SipFlow): void {
    const { headers, via } = response;
    const granted = grantedBy(response);
    if (granted === 0) {
      retry("the registrar took the registration back");
      return;
    }
    failures = 0;
    isProvenAnew = false;
    const flowTimer = Number(header(headers, "flow-timer") ?? 0);
    const isOutbound = flowTimer > 0 || headerList(headers, "require")?.includes("outbound") === true;
    binding = { flow, isOutbound };
    serviceRoute = (headerList(headers, "service-route") ?? [])
      .slice(0, MAX_ROUTE)
      .flatMap(value => parseNameAddress(value)?.text ?? []);
    tell("registered", "");
    keepAlive(keepAliveInterval(flow, flowTimer));
    const host = via.parameters.get("received") ?? "";
    const port = Number(via.parameters.get("rport") ?? 0);
    const before = seenAt;
    if (!isReliable(flow) && host !== "" && port > 0) seenAt = { host, port };
    // Calls come to where we said we are: once more, now that we know.
    const hasMoved = seenAt !== undefined && (seenAt.host !== before?.host || seenAt.port !== before?.port);
    next = timers.set(hasMoved && before === undefined ? 0 : refreshDelay(granted), register);
  }

  function refused({ status, reason, headers }: SipResponse): void {
    const least = Number(header(headers, "min-expires") ?? 0);
    if (status === 423 && least > interval && least <= MAX_INTERVAL) {
      interval = least;
      register();
      return;
    }
    if ((status === 401 || status === 407) && binding !== undefined && !isProvenAnew) {
      isProvenAnew = true;
      digest = newDigest();
      register();
      return;
    }
    retry(`${status} ${reason}`.trim(), status, Number.parseInt(header(headers, "retry-after") ?? "0", 10) || 0);
  }

  /** It isn't registered: another try, ever later. */
  function retry(reason: string, status = 0, after = 0): void {
    if (isStopped) return;
    forget();
    digest = newDigest();
    tell("failed", reason);
    next = timers.set(retryDelay(failures++, status, after, chance()), register);
  }

  function forget(): void {
    for (const timer of [next, ping, pong]) timer?.cancel();
    binding = undefined;
    pong = undefined;
  }

  function keepAlive(every: number): void {
    ping?.cancel();
    ping = timers.set(every, () => {
      if (binding === undefined) return;
      const { flow, isOutbound } = binding;
      send(flow, PING);
      if (isReliable(flow) && isOutbound) pong ??= timers.set(PONG_LIMIT, () => broken(flow));
      keepAlive(every);
    });
  }

  /** Its way is broken: at once by another, or the same anew. */
  function broken(flow: SipFlow): void {
    if (isStopped || binding === undefined || !isSameFlow(flow, binding.flow)) return;
    forget();
    seenAt = undefined;
    register();
  }

  register();
  return {
    get serviceRoute() {
      return serviceRoute;
    },
    pong(flow) {
      if (binding === undefined || !isSameFlow(flow, binding.flow)) return;
      pong?.cancel();
      pong = undefined;
    },
    flowFailed: broken,
    stop(now) {
      timers.advance(now);
      if (isStopped) return;
      const last = binding;
      forget();
      isStopped = true;
      if (last === undefined) return;
      sendRequest(context, flow => build(flow, 0), { nextHop: registrar, flow: last.flow }, digest, {
        response() {},
        failed() {},
      });
    },
  };
}
