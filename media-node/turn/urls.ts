/** What clients are told of a server. */
export interface TurnPlace {
  /** Names or addresses, the most preferred first. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** Whether clients may come over UDP there, and over TCP. */
  readonly udp: boolean;
  readonly tcp: boolean;
  /** Where TLS is answered; undefined: nowhere. */
  readonly tls?: { readonly hosts: readonly string[]; readonly port: number } | undefined;
}

/** Most URLs that the link's frames carry. */
const MAX_URLS = 16;

const at = (host: string, port: number): string => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);

/** The URLs of a server as `RTCIceServer.urls` has them (RFC 7065): UDP first, then TCP, then TLS. */
export function turnUrls({ hosts, port, udp, tcp, tls }: TurnPlace): string[] {
  return [
    ...(udp ? hosts.map(host => `turn:${at(host, port)}?transport=udp`) : []),
    ...(tcp ? hosts.map(host => `turn:${at(host, port)}?transport=tcp`) : []),
    ...(tls?.hosts ?? []).map(host => `turns:${at(host, tls!.port)}?transport=tcp`),
  ].slice(0, MAX_URLS);
}
