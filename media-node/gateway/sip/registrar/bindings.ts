/**
 * Where those who registered are (RFC 3261 §10.3): a few contacts each, the newest first, reached by the way they came.
 * @module
 */
import { header, headerList } from "../message/headers.ts";
import type { SipRequest } from "../message/message.ts";
import { type NameAddress, parseNameAddress } from "../message/name-address.ts";
import type { ResponseOptions } from "../message/respond.ts";
import { isSameUri } from "../message/uri.ts";
import { isReliable, type SipFlow } from "../transport/flow.ts";

/** One place where somebody is called. */
export interface Binding {
  /** URI of the contact. */
  readonly contact: string;
  /** The way it came, which is the way to it unless proxies say otherwise. */
  readonly flow: SipFlow;
  /** URIs of proxies to go by, the nearest first (RFC 3327). */
  readonly path: readonly string[];
  /** Milliseconds. */
  readonly expiresAt: number;
}

/** What becomes of a REGISTER. */
export type RegisterAnswer = { readonly status: number } & Pick<ResponseOptions, "reason" | "headers">;

export interface Bindings {
  /** Takes a REGISTER of who has proved to be `account`. */
  register(account: string, request: SipRequest, flow: SipFlow, now: number): RegisterAnswer;
  /** The newest first. */
  of(account: string, now: number): readonly Binding[];
  remove(account: string): void;
  /** A connection is over, and with it what came by it. @returns the accounts that it was of */
  flowFailed(flow: SipFlow): string[];
  /** Lets go of what has expired. @returns the accounts that it was of */
  expire(now: number): string[];
}

interface Entry extends Binding {
  readonly address: NameAddress;
  /** Instance and reg-id (RFC 5626 §6): a phone that comes anew takes its own place. */
  readonly instance: string;
  readonly callId: string;
  readonly cseq: number;
}

/** Seconds. */
const DEFAULT = 600;
const LEAST = 60;
const MOST = 3_600;
/** NATs forget UDP soon: who is behind one has to come again before. */
const MOST_BEHIND_NAT = 90;
const MAX_CONTACTS = 5;
const MAX_PATH = 8;

const seconds = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

export function createBindings(): Bindings {
  const accounts = new Map<string, readonly Entry[]>();

  const live = (account: string, now: number): readonly Entry[] =>
    (accounts.get(account) ?? []).filter(({ expiresAt }) => expiresAt > now);

  function set(account: string, entries: readonly Entry[]): void {
    if (entries.length === 0) accounts.delete(account);
    else accounts.set(account, entries);
  }

  function listed(entries: readonly Entry[], now: number): string[] {
    return entries.map(({ contact, expiresAt }) => `<${contact}>;expires=${Math.ceil((expiresAt - now) / 1_000)}`);
  }

  function keep(wanted: (entry: Entry) => boolean): string[] {
    const lost: string[] = [];
    for (const [account, entries] of [...accounts]) {
      const left = entries.filter(wanted);
      if (left.length === entries.length) continue;
      lost.push(account);
      set(account, left);
    }
    return lost;
  }

  function granted(wanted: number, flow: SipFlow, { uri }: NameAddress): number {
    const isBehindNat = !isReliable(flow) && uri.host !== flow.address;
    return Math.min(wanted, isBehindNat ? MOST_BEHIND_NAT : MOST);
  }

  return {
    register(account, request, flow, now) {
      const { headers, callId, cseq } = request;
      const contacts = headerList(headers, "contact");
      const every = seconds(header(headers, "expires"));
      if (contacts === undefined || contacts.length > MAX_CONTACTS) return { status: 400, reason: "Bad Contact" };
      let entries = live(account, now);
      if (entries.some(known => known.callId === callId && known.cseq >= cseq)) {
        return { status: 400, reason: "CSeq Out Of Order" };
      }
      if (contacts[0] === "*") {
        if (contacts.length > 1 || every !== 0) return { status: 400, reason: "Bad Contact" };
        set(account, []);
        return { status: 200 };
      }
      const path = (headerList(headers, "path") ?? [])
        .slice(0, MAX_PATH)
        .flatMap(value => parseNameAddress(value) ?? []);
      for (const value of contacts) {
        const address = parseNameAddress(value);
        if (address?.uri.scheme !== "sip" && address?.uri.scheme !== "sips")
          return { status: 400, reason: "Bad Contact" };
        const wanted = seconds(address.parameters.get("expires")) ?? every ?? DEFAULT;
        if (wanted > 0 && wanted < LEAST) return { status: 423, headers: { "min-expires": String(LEAST) } };
        const parts = [address.parameters.get("+sip.instance"), address.parameters.get("reg-id")];
        const instance = parts[0] === undefined ? "" : parts.join(" ");
        entries = entries.filter(
          known => !isSameUri(known.address.uri, address.uri) && (instance === "" || known.instance !== instance),
        );
        if (wanted === 0) continue;
        const expiresAt = now + granted(wanted, flow, address) * 1_000;
        const route = path.map(({ text }) => text);
        entries = [
          { contact: address.text, address, instance, callId, cseq, flow, path: route, expiresAt },
          ...entries,
        ];
      }
      entries = entries.slice(0, MAX_CONTACTS);
      set(account, entries);
      const proxies = headers.get("path");
      return { status: 200, headers: { contact: listed(entries, now), ...(proxies && { path: proxies }) } };
    },
    of: live,
    remove: account => void accounts.delete(account),
    flowFailed: ({ connection }) => (connection === 0 ? [] : keep(({ flow }) => flow.connection !== connection)),
    expire: now => keep(({ expiresAt }) => expiresAt > now),
  };
}
