/**
 * Settings of the TURN server, named as coturn's users know them.
 * @module
 */
import { boolean, integer, list, setting, text } from "../setting.ts";
import { parseRange } from "./policy/ranges.ts";

const NONE: readonly string[] = [];

const ranges = (value: string): readonly string[] => {
  const items = list(value);
  for (const item of items) parseRange(item);
  return items;
};

/** `name:password,…`, or the JSON object that a settings file has. */
const users = (value: string): Readonly<Record<string, string>> => {
  if (value.trimStart().startsWith("{")) {
    const parsed = JSON.parse(value) as Record<string, unknown>;
    if (Object.values(parsed).some(password => typeof password !== "string"))
      throw new Error("is an object of names and passwords");
    return parsed as Record<string, string>;
  }
  const pairs = list(value).map(pair => {
    const colon = pair.indexOf(":");
    if (colon < 1) throw new Error("is made of NAME:PASSWORD, comma-separated");
    return [pair.slice(0, colon), pair.slice(colon + 1)] as const;
  });
  return Object.fromEntries(pairs);
};

const hostName = (value: string): string => {
  if (!/^[a-z0-9.-]{0,200}$/i.test(value)) throw new Error("is a host name like turn.example.com");
  return value;
};

const portRange = integer(1, 65_535);

export const TURN_SETTINGS = {
  realm: setting({ value: "REALM", help: "realm of long-term credentials; short", default: "tandem", read: text }),
  "turn-secret": setting({
    help: "shared secrets of credentials EXPIRY:SCOPE:ID or EXPIRY:ID; comma-separated while one replaces another",
    secret: true,
    default: NONE,
    read: list,
  }),
  user: setting({
    help: "static users, NAME:PASSWORD, comma-separated; in the settings file an object",
    secret: true,
    default: {} as Readonly<Record<string, string>>,
    read: users,
  }),
  "listening-port": setting({
    value: "PORT",
    help: "UDP and TCP port for TURN and STUN; TLS is understood there too; 0: a free one",
    default: 3478,
    read: integer(0, 65_535),
  }),
  "tls-listening-port": setting({
    value: "PORT",
    help: "a second such port, the one that clients expect TLS on; 0: none",
    default: 5349,
    read: integer(0, 65_535),
  }),
  "relay-ip": setting({
    value: "ADDRESSES",
    help: "local addresses for relays, one a family; default: the first that it listens on",
    default: NONE,
    read: list,
  }),
  "external-ip": setting({
    value: "ADDRESSES",
    help: "PUBLIC or PUBLIC/PRIVATE: what clients are told instead of a local address (1:1 NAT)",
    default: NONE,
    read: list,
  }),
  "turn-workers": setting({
    value: "N",
    help: "with --only turn: processes that share the listening ports, each with its slice of the relay ports",
    default: 1,
    read: integer(1, 256),
  }),
  "turn-host": setting({
    value: "NAME",
    help: "name of this node in the URLs that clients are given, as its certificate has it; default: its addresses",
    default: "",
    read: hostName,
  }),
  "min-port": setting({ value: "PORT", help: "first relay port", default: 49_152, read: portRange }),
  "max-port": setting({ value: "PORT", help: "last relay port", default: 65_535, read: portRange }),
  cert: setting({
    value: "FILE",
    help: "certificate chain for TLS, PEM; read again when it changes",
    default: "",
    read: text,
  }),
  pkey: setting({ value: "FILE", help: "its private key, PEM", default: "", read: text }),
  "user-quota": setting({
    value: "N",
    help: "most allocations of one identity, of all workers; 0: no limit",
    default: 64,
    read: integer(0, 65_535),
  }),
  "total-quota": setting({
    value: "N",
    help: "most allocations of all workers; 0: as many as there are ports",
    default: 0,
    read: integer(0, 65_535),
  }),
  "max-bps": setting({
    value: "BYTES/S",
    help: "bytes a second that an allocation may relay in each direction; 0: no limit",
    default: 6_250_000,
    read: integer(0, 10_000_000_000),
  }),
  "allowed-peer-ip": setting({
    value: "RANGES",
    help: "peers to allow: addresses, 10.0.0.0/8 or 10.0.0.1-10.0.0.9, comma-separated",
    default: NONE,
    read: ranges,
  }),
  "denied-peer-ip": setting({
    value: "RANGES",
    help: "peers to deny beside loopback, private, link-local and all other special ones",
    default: NONE,
    read: ranges,
  }),
  "media-peers": setting({
    value: "ADDRESSES",
    help: "ADDRESS:PORT or ADDRESS:MIN-MAX: media ports of the fleet, for every credential; IPv6 in brackets",
    default: NONE,
    read: list,
  }),
  "stale-nonce": setting({
    value: "SECONDS",
    help: "how long a nonce lives",
    default: 600,
    read: integer(30, 86_400),
  }),
  "challenge-rate": setting({
    value: "N",
    help: "answers a second to one source address that has proven nothing yet, over UDP; 0: no limit",
    default: 100,
    read: integer(0, 1_000_000),
  }),
  gather: setting({
    value: "MICROSECONDS",
    help: "under load, longest wait for packets to relay together; 0: relay each at once",
    default: 600,
    read: integer(0, 5_000),
  }),
  "rfc5766-channel-numbers": setting({
    value: "BOOLEAN",
    help: "true: accept channels 0x5000-0x7FFF of old clients too",
    default: false as boolean,
    read: boolean,
  }),
  "tcp-relay": setting({
    value: "BOOLEAN",
    help: "true: clients over TCP and TLS may have TCP connections with peers (RFC 6062)",
    default: false as boolean,
    read: boolean,
  }),
  mobility: setting({
    value: "BOOLEAN",
    help: "true: clients may take their allocations to another address by a ticket (RFC 8016); one worker only",
    default: false as boolean,
    read: boolean,
  }),
  dtls: setting({
    value: "BOOLEAN",
    help: "true: clients over DTLS on the UDP ports too; needs --cert with an ECDSA P-256 key",
    default: false as boolean,
    read: boolean,
  }),
  rfc5780: setting({
    value: "BOOLEAN",
    help: "true: NAT behaviour discovery; answers Binding requests from a second address and port where they ask for it",
    default: false as boolean,
    read: boolean,
  }),
  "alt-listening-ip": setting({
    value: "ADDRESSES",
    help: "second addresses for --rfc5780, one a family",
    default: NONE,
    read: list,
  }),
  "alt-listening-port": setting({
    value: "PORT",
    help: "second UDP port for --rfc5780; 0: the one behind --listening-port",
    default: 0,
    read: integer(0, 65_535),
  }),
} as const;
