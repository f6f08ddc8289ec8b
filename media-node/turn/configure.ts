import { networkInterfaces } from "node:os";
import { parseAddress } from "../net/address.ts";
import type { Settings } from "../settings.ts";
import type { TurnConfig } from "./config.ts";
import { discoveryConfig } from "./discovery/configure-discovery.ts";
import { MAX_CHANNEL, MAX_CHANNEL_RFC5766 } from "./limits.ts";

type Interfaces = () => ReturnType<typeof networkInterfaces>;

const isIpv6 = (address: string): boolean => address.includes(":");

/** The address that stands for a wildcard: what relays bind has to be told to clients. */
function concrete(address: string, interfaces: Interfaces): string | undefined {
  if (address !== "0.0.0.0" && address !== "::") return address;
  const family = address === "::" ? "IPv6" : "IPv4";
  const all = Object.values(interfaces()).flatMap(list => list ?? []);
  const own = all.filter(each => each.family === family && !/^(169\.254\.|fe[89ab])/i.test(each.address));
  return (own.find(each => !each.internal) ?? own[0])?.address;
}

function mediaPeer(text: string): TurnConfig["media"][number] {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? "";
  const min = Number(match?.[3]);
  const max = Number(match?.[4] ?? match?.[3]);
  if (!match || !parseAddress(address) || min < 1 || max < min || max > 65_535)
    throw new Error(`--media-peers: "${text}" is not ADDRESS:PORT or ADDRESS:MIN-MAX`);
  return { address, min, max };
}

/** Where TURN is served beside what the settings say. */
export interface TurnSurroundings {
  /** Hex; workers that share a port share it. */
  readonly nonceSecret: string;
  readonly port: number;
  readonly tlsPort: number;
  /** Set in a media node, whose edge brings secrets and whose workers must not be made to wait. */
  readonly node?: {
    readonly workers: number;
    /** Local addresses of media. */
    readonly mediaAddresses: readonly string[];
    /** Local addresses that relays should have where the settings name none. */
    readonly relayAddresses: readonly string[];
    readonly announced: TurnConfig["announced"];
  };
  readonly interfaces?: Interfaces;
}

/**
 * What each worker is told: the settings, checked against each other, and its slice of the relay ports.
 * @throws Error that names the setting
 */
export function turnConfigs(settings: Settings, surroundings: TurnSurroundings): TurnConfig[] {
  const { nonceSecret, port, tlsPort, node, interfaces = networkInterfaces } = surroundings;
  const { cert, pkey } = settings;
  const listen = node && settings.turn !== "on" ? [] : settings.listen;
  const workers = node?.workers ?? settings["turn-workers"];
  const min = settings["min-port"];
  const max = settings["max-port"];
  const size = Math.floor((max - min + 1) / workers);
  if (size < 2) throw new Error("--max-port leaves fewer than two relay ports a worker");
  if ((cert === "") !== (pkey === "")) throw new Error("--cert and --pkey go together");
  // Another worker may get what comes from the new address.
  if (settings.mobility && workers > 1)
    throw new Error(`--mobility needs one worker: --${node ? "" : "turn-"}workers 1`);
  if (settings.dtls && cert === "") throw new Error("--dtls needs a certificate: --cert and --pkey");
  if (!node && settings["turn-secret"].length === 0 && Object.keys(settings.user).length === 0)
    throw new Error("nobody could use this server: set TANDEM_TURN_SECRET, or users in the settings file");

  const wished = settings["relay-ip"].length > 0 ? settings["relay-ip"] : (node?.relayAddresses ?? listen);
  const locals: string[] = [];
  for (const address of wished) {
    if (!parseAddress(address)) throw new Error(`--relay-ip: "${address}" is no IP address`);
    const local = concrete(address, interfaces);
    if (local && !locals.some(other => isIpv6(other) === isIpv6(local))) locals.push(local);
  }
  const external = settings["external-ip"].map(text => {
    const [announced = "", local, ...more] = text.split("/");
    const bare = local ?? locals.find(address => isIpv6(address) === isIpv6(announced));
    if (!parseAddress(announced) || !bare || !parseAddress(bare) || more.length > 0)
      throw new Error(`--external-ip: "${text}" is not PUBLIC or PUBLIC/PRIVATE, with a local address of its family`);
    return { announced, local: bare };
  });

  const announced = [...external, ...(node?.announced ?? [])];

  const discovery = listen.length > 0 ? discoveryConfig(settings, workers) : undefined;
  return Array.from({ length: workers }, (_, worker) => ({
    worker,
    workers,
    listen,
    port,
    tlsPort,
    relays: locals.map(local => ({
      local,
      announced: announced.find(each => each.local === local)?.announced ?? local,
    })),
    announced,
    ports: [min + worker * size, min + (worker + 1) * size - 1] as const,
    realm: settings.realm,
    secrets: settings["turn-secret"],
    users: settings.user,
    nonceSecret,
    nonceLifetime: settings["stale-nonce"],
    perIdentity: settings["user-quota"],
    total: settings["total-quota"],
    bytesPerSecond: settings["max-bps"],
    maxChannel: settings["rfc5766-channel-numbers"] ? MAX_CHANNEL_RFC5766 : MAX_CHANNEL,
    challenges: { perSecond: settings["challenge-rate"], burst: 5 * settings["challenge-rate"] },
    allowed: settings["allowed-peer-ip"],
    denied: settings["denied-peer-ip"],
    mediaAddresses: node?.mediaAddresses ?? [],
    media: settings["media-peers"].map(mediaPeer),
    certificate: cert === "" ? undefined : { cert, key: pkey },
    tcpRelay: settings["tcp-relay"],
    mobility: settings.mobility,
    dtls: settings.dtls,
    discovery,
    // Sleeping for packets to relay would keep media waiting.
    gather: node ? 0 : settings.gather,
    log: settings.log,
  }));
}
