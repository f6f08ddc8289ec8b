import { parseAddress } from "../../../net/address.ts";
import type { SipUri } from "../message/uri.ts";
import { defaultPort, type SipFlow } from "../transport/flow.ts";

export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly name: string;
}

/** What is to be asked of DNS; addresses are A and AAAA together. */
export interface DnsQuestion {
  readonly type: "naptr" | "srv" | "address";
  readonly name: string;
}

/** The answers so far. Undefined: not asked yet; an empty list: there is none, or it could not be found out. */
export interface DnsAnswers {
  naptr(name: string): readonly NaptrRecord[] | undefined;
  srv(name: string): readonly SrvRecord[] | undefined;
  addresses(name: string): readonly string[] | undefined;
}

export type Location =
  | { readonly kind: "ask"; readonly questions: readonly DnsQuestion[] }
  /** Best first; none: the URI leads nowhere. */
  | { readonly kind: "found"; readonly flows: readonly SipFlow[] };

/** How we reach servers of our own accord: WebSockets lead only to us. */
type Transport = "udp" | "tcp" | "tls";

/** In the order that RFC 3263 §4.1 suggests where a domain has no opinion. */
const SERVICES: readonly { transport: Transport; service: string; prefix: string }[] = [
  { transport: "tls", service: "SIPS+D2T", prefix: "_sips._tcp." },
  { transport: "tcp", service: "SIP+D2T", prefix: "_sip._tcp." },
  { transport: "udp", service: "SIP+D2U", prefix: "_sip._udp." },
];
const MAX_SERVERS = 10;

interface Choice {
  readonly transport: Transport;
  /** Owner of SRV records; undefined: the host itself, at `port`. */
  readonly srv?: string;
  readonly name: string;
  readonly port: number;
}

const NOWHERE: Location = { kind: "found", flows: [] };

/**
 * Where requests to a URI go (RFC 3263 §4). A pure function: to be called again with more answers until it has found.
 * @param random 0 (included) to 1 (excluded): shares load among servers by their weight (RFC 2782)
 */
export function locateServers(uri: SipUri, answers: DnsAnswers, random: () => number): Location {
  if (uri.scheme !== "sip" && uri.scheme !== "sips") return NOWHERE;
  const name = uri.parameters.get("maddr")?.toLowerCase() ?? uri.host;
  const isSecure = uri.scheme === "sips";
  const asked = uri.parameters.get("transport")?.toLowerCase();
  if (asked !== undefined && asked !== "udp" && asked !== "tcp" && asked !== "tls") return NOWHERE;
  const stated: Transport | undefined = asked && isSecure ? "tls" : asked;
  if (parseAddress(name) || uri.port > 0) {
    const transport = stated ?? (isSecure ? "tls" : "udp");
    return resolve([{ transport, name, port: uri.port || defaultPort(transport) }], answers, random);
  }
  if (stated !== undefined) {
    const { prefix } = SERVICES.find(({ transport }) => transport === stated)!;
    return resolve([{ transport: stated, srv: prefix + name, name, port: defaultPort(stated) }], answers, random);
  }
  const naptr = answers.naptr(name);
  if (!naptr) return { kind: "ask", questions: [{ type: "naptr", name }] };
  const usable = SERVICES.filter(({ transport }) => !isSecure || transport === "tls");
  const named = choicesOf(naptr, usable, name);
  if (named.length > 0) return resolve(named, answers, random);
  const guessed = usable.map(({ transport, prefix }) => ({
    transport,
    srv: prefix + name,
    name,
    port: defaultPort(transport),
  }));
  const unasked = guessed.filter(({ srv }) => answers.srv(srv) === undefined);
  if (unasked.length > 0) return { kind: "ask", questions: unasked.map(({ srv }) => ({ type: "srv", name: srv })) };
  const existing = guessed.filter(({ srv }) => answers.srv(srv)!.length > 0);
  const transport = isSecure ? "tls" : "udp";
  const plain: Choice = { transport, name, port: defaultPort(transport) };
  return resolve(existing.length > 0 ? existing : [plain], answers, random);
}

/** The services of a domain that we speak, in its order. */
function choicesOf(records: readonly NaptrRecord[], usable: typeof SERVICES, name: string): Choice[] {
  return [...records]
    .sort((a, b) => a.order - b.order || a.preference - b.preference)
    .slice(0, MAX_SERVERS)
    .flatMap(({ flags, service, replacement }) => {
      const known = usable.find(candidate => candidate.service === service.toUpperCase());
      if (!known || flags.toLowerCase() !== "s" || replacement === "") return [];
      const { transport } = known;
      return [{ transport, srv: replacement.toLowerCase(), name, port: defaultPort(transport) }];
    });
}

/** Servers of a list of SRV records by priority, those of one priority drawn by weight (RFC 2782). */
function drawServers(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = [...records].sort((a, b) => a.priority - b.priority || a.weight - b.weight).slice(0, MAX_SERVERS);
  const drawn: SrvRecord[] = [];
  while (left.length > 0) {
    const group = left.filter(({ priority }) => priority === left[0]!.priority);
    const total = group.reduce((sum, { weight }) => sum + weight, 0);
    let mark = random() * total;
    let next = group[0]!;
    for (const candidate of group) {
      next = candidate;
      mark -= candidate.weight;
      if (mark < 0) break;
    }
    left.splice(left.indexOf(next), 1);
    if (next.name !== "" && next.name !== ".") drawn.push(next);
  }
  return drawn;
}

/** Follows choices to addresses, or to the questions that are still open. */
function resolve(choices: readonly Choice[], answers: DnsAnswers, random: () => number): Location {
  const questions = new Map<string, DnsQuestion>();
  const flows: SipFlow[] = [];
  const open = (type: DnsQuestion["type"], name: string): void => {
    questions.set(`${type} ${name}`, { type, name });
  };
  for (const { transport, srv, name, port } of choices) {
    const records = srv === undefined ? undefined : answers.srv(srv);
    if (srv !== undefined && !records) {
      open("srv", srv);
      continue;
    }
    // Without SRV records the domain itself is the server.
    const servers = records && records.length > 0 ? drawServers(records, random) : [{ name, port }];
    for (const server of servers) {
      const target = server.name.toLowerCase();
      const addresses = parseAddress(target) ? [target] : answers.addresses(target);
      if (!addresses) open("address", target);
      for (const address of addresses ?? []) {
        flows.push({
          transport,
          address,
          port: server.port,
          connection: 0,
          ...(transport === "tls" && { host: name }),
        });
      }
    }
  }
  if (questions.size > 0) return { kind: "ask", questions: [...questions.values()].slice(0, MAX_SERVERS) };
  return { kind: "found", flows: flows.slice(0, MAX_SERVERS) };
}
