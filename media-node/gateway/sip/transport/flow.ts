/** How a message travels. */
export type SipTransport = "udp" | "tcp" | "tls" | "ws" | "wss";

/** Where a message came from, or is to go. */
export interface SipFlow {
  readonly transport: SipTransport;
  /** IP address. */
  readonly address: string;
  readonly port: number;
  /** Number of the connection; 0 for UDP, and where any connection to that address will do. */
  readonly connection: number;
  /** Name that it was found by: what a certificate must be for. */
  readonly host?: string;
}

/** Whether messages arrive, or the connection tells that they don't: nothing is then sent twice. */
export function isReliable({ transport }: Pick<SipFlow, "transport">): boolean {
  return transport !== "udp";
}

/** RFC 3261 §18.2.2, RFC 7118. */
export function defaultPort(transport: SipTransport): number {
  if (transport === "tls") return 5061;
  if (transport === "ws") return 80;
  return transport === "wss" ? 443 : 5060;
}
