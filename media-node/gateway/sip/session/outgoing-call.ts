import { createDigestClient } from "../auth/client.ts";
import { contactOf, createOutgoingDialog } from "../dialog/dialog.ts";
import { headerList, type SipHeaders } from "../message/headers.ts";
import { randomToken } from "../message/identifier.ts";
import { NO_BODY, type RequestDraft, type SipResponse, tagOf } from "../message/message.ts";
import { formatNameAddress, parseNameAddress } from "../message/name-address.ts";
import { formatReferTo, readReliableNumber } from "../message/refer.ts";
import { reasonOf } from "../message/respond.ts";
import type { ClientTransaction } from "../transaction/client.ts";
import type { SipFlow } from "../transport/flow.ts";
import { ALLOWED_METHODS, describe, descriptionIn, SUPPORTED_OPTIONS } from "./body.ts";
import type { CallOptions, SipCall } from "./call.ts";
import type { SessionContext } from "./context.ts";
import { failureEnd, type SipCallEnd } from "./media.ts";
import { sendRequest } from "./requester.ts";
import { createSession, type Session } from "./session.ts";
import { acceptedSessionTimer, askSessionTimer, MIN_SESSION_INTERVAL, readMinInterval } from "./session-timer.ts";

/** Callees that one call may ring at once. */
const MAX_FORKS = 16;
const MAX_CONTACTS = 8;

/** Contacts of a 3xx by their q, best first (RFC 3261 §8.1.3.4). */
function redirections(headers: SipHeaders): string[] {
  const contacts = (headerList(headers, "contact") ?? []).slice(0, MAX_CONTACTS).flatMap(value => {
    const contact = parseNameAddress(value);
    return contact ? [{ text: contact.text, q: Number(contact.parameters.get("q") ?? 1) || 0 }] : [];
  });
  return contacts.sort((a, b) => b.q - a.q).map(({ text }) => text);
}

/**
 * Calls somebody.
 * @param ended told when it is over
 */
export function createOutgoingCall(
  context: SessionContext,
  options: CallOptions,
  ended: (call: SipCall) => void,
): SipCall {
  const { timers, randomBytes } = context;
  const { target, from, route = [], media, isOfferDelayed = false, credentials, events } = options;
  const callId = randomToken(randomBytes, 16);
  const localTag = randomToken(randomBytes, 8);
  const digest = credentials && createDigestClient(credentials, randomBytes);
  const offer = isOfferDelayed ? undefined : media.createOffer();
  /** One for each callee that rings, by its tag. */
  const forks = new Map<string, Session>();
  /** Those that answered too late. */
  const dismissed = new Set<Session>();
  let confirmed: Session | undefined;
  let isOver = false;
  let cseq = 0;
  let minInterval = MIN_SESSION_INTERVAL;
  /** The answer that holds now, and the last of each callee's. */
  let applied: string | undefined;
  const answers = new Map<string, string>();
  /** The last reliable response of each callee's, and those whose offer was answered by PRACK. */
  const acknowledged = new Map<string, number>();
  const agreed = new Set<string>();

  function build(flow: SipFlow): RequestDraft {
    const { headers: bodyHeaders = {}, body = NO_BODY } = offer === undefined ? {} : describe(offer);
    const tag = new Map([["tag", localTag]]);
    const headers: SipHeaders = new Map([
      ["max-forwards", ["70"]],
      ["from", [formatNameAddress({ displayName: from.displayName ?? "", text: from.uri, parameters: tag })]],
      ["to", [`<${target}>`]],
      ["call-id", [callId]],
      ["cseq", [`${++cseq} INVITE`]],
      ["contact", [context.contactFor(flow, target)]],
      ["allow", [ALLOWED_METHODS]],
      ["supported", [SUPPORTED_OPTIONS]],
      ["user-agent", [context.product]],
      ...askSessionTimer(context.sessionInterval, minInterval),
    ]);
    if (route.length > 0)
      headers.set(
        "route",
        route.map(uri => `<${uri}>`),
      );
    for (const [key, value] of Object.entries({ ...options.headers, ...bodyHeaders })) headers.set(key, [value]);
    return { method: "INVITE", uri: target, headers, body };
  }

  const invite = () =>
    sendRequest(context, build, { nextHop: route[0] ?? target, flow: options.flow }, digest, {
      response: receive,
      failed,
    });
  let attempt = invite();

  function over(end: SipCallEnd): void {
    if (isOver) return;
    isOver = true;
    dropForks(end);
    ended(call);
    events.ended(end);
  }

  /** Ends all but the one that answered. */
  function dropForks(end: SipCallEnd): void {
    for (const [tag, fork] of forks) {
      if (fork === confirmed) continue;
      fork.finish(end);
      forks.delete(tag);
    }
  }

  /** The session with the callee that a response came from, new if it is the first of it. */
  function sessionOf(response: SipResponse, flow: SipFlow): Session | undefined {
    const tag = tagOf(response.to);
    const known = forks.get(tag);
    if (known) {
      if (contactOf(response.headers)) known.dialog.refreshTarget(response, flow);
      return known;
    }
    if (forks.size >= MAX_FORKS) return undefined;
    const session = createSession({
      context,
      dialog: createOutgoingDialog(response, target, flow),
      digest,
      isCaller: true,
      peerHeaders: response.headers,
      events: {
        // The session may outlast the call, by a BYE that has to wait.
        info: (type, body) => (isOver ? 481 : events.info(type, body)),
        offerRefused: status => events.offerRefused(status),
        referred: referral => (session === confirmed && !isOver ? (events.referred?.(referral) ?? 403) : 491),
        transferProgress(status) {
          if (!isOver) events.transferProgress?.(status);
        },
        ended(end) {
          if (session === confirmed) over(end);
          else if (forks.get(tag) === session) forks.delete(tag);
        },
      },
      acknowledged() {},
    });
    forks.set(tag, session);
    return session;
  }

  function receive(response: SipResponse, transaction: ClientTransaction): void {
    const { status } = response;
    if (status === 100) return;
    if (status < 200) ring(response, transaction.flow);
    else if (status < 300) answered(response, transaction);
    else refused(response);
  }

  function ring(response: SipResponse, flow: SipFlow): void {
    if (isOver) return;
    const tag = tagOf(response.to);
    const session = tag === "" ? undefined : sessionOf(response, flow);
    const number = readReliableNumber(response.headers);
    const description = descriptionIn(response);
    if (number !== undefined) {
      // What isn't next in order is a repetition, or comes again (RFC 3262 §4).
      const before = acknowledged.get(tag);
      if (!session || (before !== undefined && number !== before + 1)) return;
      acknowledged.set(tag, number);
      const reply = offer === undefined && description !== undefined ? media.answerOffer(description) : undefined;
      session.prack(`${number} ${response.cseq} INVITE`, reply);
      if (reply !== undefined) agreed.add(tag);
    }
    const isAnswer = offer !== undefined && description !== undefined && apply(tag, description);
    // Only then may it be changed before the call is answered (RFC 3311 §5.1).
    if (session && number !== undefined && (isAnswer || agreed.has(tag))) session.media = media;
    events.progress(response.status, response.reason);
  }

  function answered(response: SipResponse, { request, flow }: ClientTransaction): void {
    const session = sessionOf(response, flow);
    if (!session) return;
    if (session === confirmed || dismissed.has(session)) {
      session.acknowledge(request);
      return;
    }
    if (confirmed || isOver) {
      dismissed.add(session);
      // Another callee was faster, or we gave up just then.
      session.acknowledge(request);
      session.bye(failureEnd(0, ""));
      return;
    }
    confirmed = session;
    session.media = media;
    dropForks(failureEnd(0, ""));
    const description = descriptionIn(response);
    const tag = tagOf(response.to);
    const isOpen = offer === undefined && !agreed.has(tag);
    const reply = isOpen && description !== undefined ? media.answerOffer(description) : undefined;
    session.acknowledge(request, reply);
    // Without a description the callee repeats its earlier one.
    const isAnswered = offer !== undefined && apply(tag, description ?? answers.get(tag));
    const isAgreed = isAnswered || reply !== undefined || agreed.has(tag);
    if (!isAgreed) {
      session.bye(failureEnd(488, "The description can't be used"));
      return;
    }
    session.confirm(response, acceptedSessionTimer(response.headers));
    events.established();
  }

  /** Makes a callee's answer the one that holds; false: it can't be used. */
  function apply(tag: string, description: string | undefined): boolean {
    if (description === undefined) return false;
    if (description !== applied && !media.applyAnswer(description)) return false;
    applied = description;
    if (answers.has(tag) || answers.size < MAX_FORKS) answers.set(tag, description);
    return true;
  }

  function refused(response: SipResponse): void {
    if (isOver || confirmed) return;
    const { status, reason, headers } = response;
    const raised = status === 422 ? readMinInterval(headers) : 0;
    if (raised > minInterval) {
      minInterval = raised;
      attempt = invite();
      return;
    }
    const contacts = status < 400 ? redirections(headers) : [];
    over({ by: "remote", status, reason, causes: headers.get("reason") ?? [], contacts });
  }

  function failed(status: 408 | 503): void {
    if (!confirmed) over(failureEnd(status, reasonOf(status)));
  }

  const call: SipCall = {
    callId,
    get isOver() {
      return isOver;
    },
    renegotiate(now) {
      timers.advance(now);
      if (!isOver) confirmed?.renegotiate();
    },
    info(type, body, now) {
      timers.advance(now);
      if (!isOver) confirmed?.info(type, body);
    },
    get dialog() {
      return isOver ? undefined : confirmed?.dialog;
    },
    refer(target, replaces, now) {
      timers.advance(now);
      return !isOver && confirmed?.refer(formatReferTo(target, replaces)) === true;
    },
    hangUp(now, reason) {
      timers.advance(now);
      if (isOver) return;
      const end: SipCallEnd = { by: "local", status: 0, reason: "", causes: [], contacts: [] };
      if (confirmed) confirmed.bye(end, reason === undefined ? [] : [reason]);
      else attempt.cancel();
      // The BYE may have to wait; the owner needn't.
      over(end);
    },
  };
  return call;
}
