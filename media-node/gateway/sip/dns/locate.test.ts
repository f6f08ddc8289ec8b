import { describe, expect, it } from "vitest";
import { parseUri } from "../message/uri.ts";
import { type DnsAnswers, locateServers, type NaptrRecord, type SrvRecord } from "./locate.ts";

interface Zone {
  readonly naptr?: Record<string, readonly NaptrRecord[]>;
  readonly srv?: Record<string, readonly SrvRecord[]>;
  readonly addresses?: Record<string, readonly string[]>;
}

/** Asks until all is found, as a resolver does; the questions too. */
function locate(text: string, zone: Zone = {}, random = () => 0) {
  const known = { naptr: new Set<string>(), srv: new Set<string>(), address: new Set<string>() };
  const answers: DnsAnswers = {
    naptr: name => (known.naptr.has(name) ? (zone.naptr?.[name] ?? []) : undefined),
    srv: name => (known.srv.has(name) ? (zone.srv?.[name] ?? []) : undefined),
    addresses: name => (known.address.has(name) ? (zone.addresses?.[name] ?? []) : undefined),
  };
  const asked: string[] = [];
  const uri = parseUri(text);
  if (!uri) throw new Error(text);
  for (let round = 0; round < 4; round++) {
    const location = locateServers(uri, answers, random);
    if (location.kind === "found") {
      const flows = location.flows.map(({ transport, address, port }) => `${transport} ${address} ${port}`);
      return { flows, asked, hosts: location.flows.map(({ host }) => host) };
    }
    for (const { type, name } of location.questions) {
      asked.push(`${type} ${name}`);
      known[type].add(name);
    }
  }
  throw new Error("it never ends");
}

const naptr = (order: number, service: string, replacement: string): NaptrRecord => ({
  order,
  preference: 1,
  flags: "s",
  service,
  replacement,
});
const srv = (name: string, priority = 1, weight = 0, port = 5060): SrvRecord => ({ name, priority, weight, port });

describe("where requests go (RFC 3263)", () => {
  it("is the address itself, by the transport and port that the URI says or implies", () => {
    expect(locate("sip:a@192.0.2.1").flows).toEqual(["udp 192.0.2.1 5060"]);
    expect(locate("sip:a@192.0.2.1:5070;transport=TCP").flows).toEqual(["tcp 192.0.2.1 5070"]);
    expect(locate("sips:a@[2001:db8::1]").flows).toEqual(["tls 2001:db8::1 5061"]);
    expect(locate("sips:a@192.0.2.1;transport=tcp").flows).toEqual(["tls 192.0.2.1 5061"]);
    expect(locate("sip:a@example.com;maddr=192.0.2.1").flows).toEqual(["udp 192.0.2.1 5060"]);
  });

  it("is nowhere for what we don't speak", () => {
    expect(locate("sip:a@192.0.2.1;transport=sctp").flows).toEqual([]);
    expect(locate("tel:+15551234").flows).toEqual([]);
    expect(locate("sip:a@nowhere.example").flows).toEqual([]);
  });

  it("is asked of NAPTR, SRV and addresses, the domain's order deciding", () => {
    const zone: Zone = {
      naptr: {
        "example.com": [
          naptr(30, "SIP+D2U", "_sip._udp.example.com"),
          naptr(10, "SIP+D2S", "_sip._sctp.example.com"),
          naptr(20, "SIP+D2T", "_sip._tcp.example.com"),
        ],
      },
      srv: {
        "_sip._tcp.example.com": [srv("t.example.com", 1, 0, 5080)],
        "_sip._udp.example.com": [srv("u.example.com")],
      },
      addresses: { "t.example.com": ["192.0.2.1", "2001:db8::1"], "u.example.com": ["192.0.2.2"] },
    };
    const { flows, asked } = locate("sip:a@example.com", zone);
    expect(flows).toEqual(["tcp 192.0.2.1 5080", "tcp 2001:db8::1 5080", "udp 192.0.2.2 5060"]);
    expect(asked[0]).toBe("naptr example.com");
  });

  it("without NAPTR is what SRV knows, TLS first; only TLS for sips, its certificate for the domain", () => {
    const zone: Zone = {
      srv: {
        "_sips._tcp.example.com": [srv("s.example.com", 1, 0, 5061)],
        "_sip._udp.example.com": [srv("u.example.com")],
      },
      addresses: { "s.example.com": ["192.0.2.1"], "u.example.com": ["192.0.2.2"] },
    };
    expect(locate("sip:a@example.com", zone).flows).toEqual(["tls 192.0.2.1 5061", "udp 192.0.2.2 5060"]);
    const secure = locate("sips:a@example.com", zone);
    expect(secure.flows).toEqual(["tls 192.0.2.1 5061"]);
    expect(secure.hosts).toEqual(["example.com"]);
  });

  it("without either is the host itself; with a port nothing but its address is asked", () => {
    const zone: Zone = { addresses: { "example.com": ["192.0.2.1"] } };
    expect(locate("sip:a@example.com", zone).flows).toEqual(["udp 192.0.2.1 5060"]);
    const { flows, asked } = locate("sip:a@EXAMPLE.com:5090", zone);
    expect(flows).toEqual(["udp 192.0.2.1 5090"]);
    expect(asked).toEqual(["address example.com"]);
    expect(locate("sip:a@example.com;transport=tcp", zone).flows).toEqual(["tcp 192.0.2.1 5060"]);
  });

  it("shares load by weight and keeps the order of priorities (RFC 2782)", () => {
    const names = ["a", "b", "c"];
    const zone: Zone = {
      srv: { "_sip._tcp.example.com": [srv("c", 2, 100), srv("a", 1, 10), srv("b", 1, 90)] },
      addresses: Object.fromEntries(names.map((name, i) => [name, [`192.0.2.${i + 1}`]])),
    };
    const order = (random: number): string[] =>
      locate("sip:a@example.com;transport=tcp", zone, () => random).flows.map(flow => flow.split(".")[3]?.[0] ?? "");
    expect(order(0.05)).toEqual(["1", "2", "3"]);
    expect(order(0.5)).toEqual(["2", "1", "3"]);
    expect(order(0.999)).toEqual(["2", "1", "3"]);
  });

  it("asks little and finds little, however much a zone holds", () => {
    const many = Array.from({ length: 500 }, (_, i) => srv(`h${i}.example.com`, i));
    const addresses = Object.fromEntries(many.map(({ name }) => [name, ["192.0.2.1", "192.0.2.2"]]));
    const zone: Zone = { srv: { "_sip._tcp.example.com": many }, addresses };
    const { flows, asked } = locate("sip:a@example.com;transport=tcp", zone);
    expect(flows).toHaveLength(10);
    expect(asked.length).toBeLessThan(12);
  });
});
