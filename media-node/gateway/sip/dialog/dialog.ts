import { parseAddress } from "../../../net/address.ts";
import { headerList, type SipHeaders } from "../message/headers.ts";
import { NO_BODY, type RequestDraft, type SipRequest, type SipResponse, tagOf } from "../message/message.ts";
import { formatNameAddress, type NameAddress, parseNameAddress } from "../message/name-address.ts";
import type { SipFlow } from "../transport/flow.ts";

/** Two ends that know each other by Call-ID and tags (RFC 3261 §12). */
export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** URI to which requests are made out: the peer's Contact, kept up to date. */
  readonly remoteTarget: string;
  /** Where the peer last wrote from. */
  readonly flow: SipFlow;
  /** Whether its Contact can't be right, since its own address isn't: then `flow` is where it is. */
  readonly isBehindNat: boolean;
  /** A new request within it; ACK takes the CSeq of its INVITE. */
  createRequest(method: string, cseq?: number): RequestDraft;
  /** URI of the next hop of a request (RFC 3261 §12.2.1.1). */
  readonly nextHop: string;
  /** Checks the CSeq of a request from the peer and notes it; false: out of order (RFC 3261 §12.2.2). */
  acceptRequest(request: SipRequest, flow: SipFlow): boolean;
  /** Takes a new Contact from a target refresh request or its response. */
  refreshTarget(message: SipRequest | SipResponse, flow: SipFlow): void;
}

interface DialogStart {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly local: NameAddress;
  readonly remote: NameAddress;
  readonly localCseq: number;
  readonly remoteCseq: number;
  readonly routes: readonly string[];
  readonly remoteTarget: string;
  readonly flow: SipFlow;
  readonly isBehindNat: boolean;
}

/** More proxies than this are a loop. */
const MAX_ROUTES = 16;

/** Contact of a message, if it has a usable one. */
export function contactOf(headers: SipHeaders): NameAddress | undefined {
  const contact = parseNameAddress(headerList(headers, "contact")?.[0] ?? "");
  return contact?.uri.scheme === "sip" || contact?.uri.scheme === "sips" ? contact : undefined;
}

function routesOf(headers: SipHeaders): string[] {
  return (headerList(headers, "record-route") ?? []).slice(0, MAX_ROUTES);
}

/** Whether the peer writes itself an address that others can't see it at, and no proxy stands between. */
function looksBehindNat(request: SipRequest, contact: NameAddress | undefined, flow: SipFlow): boolean {
  if (!contact || request.headers.has("record-route") || (request.headers.get("via")?.length ?? 0) > 1) return false;
  // A name is to be looked up: only an address can be wrong.
  if (!parseAddress(contact.uri.host)) return false;
  return contact.uri.host !== flow.address && request.via.host !== flow.address;
}

/** The dialog of an INVITE that came in (RFC 3261 §12.1.1); without a Contact, as RFC 2543 allowed, From stands in. */
export function createIncomingDialog(request: SipRequest, localTag: string, flow: SipFlow): Dialog {
  const contact = contactOf(request.headers);
  return createDialog({
    callId: request.callId,
    localTag,
    remoteTag: tagOf(request.from),
    local: request.to,
    remote: request.from,
    localCseq: 0,
    remoteCseq: request.cseq,
    routes: routesOf(request.headers),
    remoteTarget: contact?.text ?? request.from.text,
    flow,
    isBehindNat: looksBehindNat(request, contact, flow),
  });
}

/** The dialog that a response to our INVITE makes (RFC 3261 §12.1.2); `target` stands in for a missing Contact. */
export function createOutgoingDialog(response: SipResponse, target: string, flow: SipFlow): Dialog {
  return createDialog({
    callId: response.callId,
    localTag: tagOf(response.from),
    remoteTag: tagOf(response.to),
    local: response.from,
    remote: response.to,
    localCseq: response.cseq,
    remoteCseq: -1,
    routes: routesOf(response.headers).reverse(),
    remoteTarget: contactOf(response.headers)?.text ?? target,
    flow,
    isBehindNat: false,
  });
}

function createDialog(start: DialogStart): Dialog {
  const { callId, localTag, remoteTag, routes, isBehindNat } = start;
  const from = formatNameAddress({ ...start.local, parameters: new Map([["tag", localTag]]) });
  const to = formatNameAddress({
    ...start.remote,
    parameters: remoteTag === "" ? new Map() : new Map([["tag", remoteTag]]),
  });
  const first = routes[0] === undefined ? undefined : parseNameAddress(routes[0]);
  const isLoose = first?.uri.parameters.has("lr") ?? true;
  let { localCseq, remoteCseq, remoteTarget, flow } = start;

  return {
    callId,
    localTag,
    remoteTag,
    isBehindNat,
    get remoteTarget() {
      return remoteTarget;
    },
    get flow() {
      return flow;
    },
    get nextHop() {
      return first?.text ?? remoteTarget;
    },
    createRequest(method, cseq) {
      const headers: SipHeaders = new Map([
        ["max-forwards", ["70"]],
        ["from", [from]],
        ["to", [to]],
        ["call-id", [callId]],
        ["cseq", [`${cseq ?? ++localCseq} ${method}`]],
      ]);
      // A strict router expects its own URI as the Request-URI (RFC 3261 §12.2.1.1).
      if (first) headers.set("route", isLoose ? [...routes] : [...routes.slice(1), `<${remoteTarget}>`]);
      return { method, uri: first && !isLoose ? first.text : remoteTarget, headers, body: NO_BODY };
    },
    acceptRequest(request, from) {
      if (request.cseq <= remoteCseq) return false;
      remoteCseq = request.cseq;
      flow = from;
      return true;
    },
    refreshTarget(message, from) {
      flow = from;
      remoteTarget = contactOf(message.headers)?.text ?? remoteTarget;
    },
  };
}
