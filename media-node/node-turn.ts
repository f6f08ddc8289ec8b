/**
 * How a media node serves TURN: what its workers are told, and what clients are.
 * @module
 */
import { randomBytes } from "node:crypto";
import { networkInterfaces } from "node:os";
import type { Settings } from "./settings.ts";
import { claimPort } from "./turn/claim-port.ts";
import type { TurnConfig } from "./turn/config.ts";
import { turnConfigs } from "./turn/configure.ts";
import { openCertificate } from "./turn/stream/certificate.ts";
import { turnUrls } from "./turn/urls.ts";
import { announcedAddresses, type Interfaces } from "./worker/announced.ts";

export interface NodeTurn {
  /** One for each worker. */
  readonly configs: readonly TurnConfig[];
  /** URLs of the ports that all workers share; none where there are no such ports. */
  readonly shared: readonly string[];
  /** URLs of a worker's media port. */
  readonly urls: (port: number, tcp: boolean) => readonly string[];
}

const isIpv6 = (address: string): boolean => address.includes(":");

/** Which local address each announced one stands for; those that the machine has itself stand for nothing else. */
function pairs(settings: Settings, locals: readonly string[], own: ReadonlySet<string>): TurnConfig["announced"] {
  const { listen, announce } = settings;
  return announce.flatMap((announced, i) => {
    if (own.has(announced)) return [];
    const listened = listen.length === announce.length ? listen[i] : undefined;
    const partner = listened !== undefined && locals.includes(listened) ? listened : undefined;
    const local = partner ?? locals.find(address => isIpv6(address) === isIpv6(announced));
    return local === undefined || isIpv6(local) !== isIpv6(announced) ? [] : [{ announced, local }];
  });
}

/**
 * Undefined where TURN is off.
 * @throws Error that names the setting or port which can't be used
 */
export async function configureTurn(
  settings: Settings,
  interfaces: Interfaces = networkInterfaces,
): Promise<NodeTurn | undefined> {
  if (settings.turn === "off") return undefined;
  const { listen, announce, workers, cert, pkey } = settings;
  const isShared = settings.turn === "on";
  const port = isShared ? await claimPort(listen, settings["listening-port"]) : 0;
  const wishedTls = settings["tls-listening-port"];
  const tlsPort = isShared && wishedTls > 0 ? await claimPort(listen, wishedTls) : 0;

  const own = new Set(Object.values(interfaces()).flatMap(list => (list ?? []).map(({ address }) => address)));
  const locals = announcedAddresses(listen, [], 0, interfaces).map(({ address }) => address);
  const configs = turnConfigs(settings, {
    nonceSecret: randomBytes(32).toString("hex"),
    port,
    tlsPort,
    interfaces,
    node: {
      workers,
      mediaAddresses: locals,
      relayAddresses: [...announce.filter(address => own.has(address)), ...locals],
      announced: pairs(settings, locals, own),
    },
  });
  // Workers would fail over it one after the other, again and again.
  if (cert !== "") openCertificate(cert, pkey, settings.dtls, () => {});

  const addresses = announcedAddresses(listen, announce, 0, interfaces).map(({ address }) => address);
  const name = settings["turn-host"];
  const hosts = name === "" ? addresses : [name];
  const tls = cert === "" ? undefined : { hosts, port: tlsPort || port };
  return {
    configs,
    shared: isShared ? turnUrls({ hosts, port, udp: true, tcp: true, tls }) : [],
    // Chromium (156, 2026-11) takes every datagram from a server of its list for the server's, so ICE would hear no session at a
    // port that stands there for UDP. Whoever reaches it by UDP needs no relay to it either.
    urls: (at, tcp) => turnUrls({ hosts: addresses, port: at, udp: false, tcp }),
  };
}
