import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { SecureContext } from "node:tls";
import { createSipStack, type SipHandler, type SipStack, type SipStackOptions } from "../stack.ts";
import { openResolver } from "./resolver.ts";
import { openSipStreams } from "./streams.ts";

export interface SipEndpointOptions {
  /** IP address to listen at. */
  readonly address: string;
  /** Host that peers are told to reach us at; default: that address. */
  readonly advertised?: string;
  /** UDP and TCP; 0: any. */
  readonly port?: number;
  /** TLS; without it, and without a certificate, there is none. */
  readonly tlsPort?: number;
  readonly secureContext?: () => SecureContext | undefined;
  readonly authorities?: string;
  readonly maxConnections?: number;
  readonly maxPerAddress?: number;
  readonly handler: SipHandler;
  readonly stack?: Pick<
    SipStackOptions,
    "product" | "contactUser" | "sessionInterval" | "maxCalls" | "maxTransactions" | "admission"
  >;
}

/** A stack with sockets, clock and resolver: what a program uses. */
export interface SipEndpoint {
  readonly stack: SipStack;
  readonly port: number;
  /** 0: no TLS. */
  readonly tlsPort: number;
  /** Milliseconds, the clock of the stack. */
  now(): number;
  /** Ends all calls, gives their messages a moment, and closes the sockets; idempotent. */
  close(): Promise<void>;
}

/** Shorter datagrams are keep-alives (RFC 5626 §3.5.1), or nothing. */
const MIN_DATAGRAM = 16;
const RECEIVE_BUFFER = 1024 * 1024;
const SWEEP = 1_000;
const LINGER = 200;

/** A port that is free for UDP may be taken for TCP; so many are tried. */
const MAX_TRIES = 10;

/** Opens the sockets of a SIP endpoint. @throws Error with `code` EADDRINUSE when a port is taken */
export async function openSipEndpoint(options: SipEndpointOptions): Promise<SipEndpoint> {
  for (let tries = 1; ; tries++) {
    try {
      return await openAt(options);
    } catch (error) {
      const isTaken = (error as { code?: string }).code === "EADDRINUSE";
      if (!isTaken || (options.port ?? 0) !== 0 || tries === MAX_TRIES) throw error;
    }
  }
}

async function openAt(options: SipEndpointOptions): Promise<SipEndpoint> {
  const { address, advertised = address, handler, secureContext = () => undefined } = options;
  const now = (): number => performance.now();
  const udp = createSocket({
    type: address.includes(":") ? "udp6" : "udp4",
    // Else all of IPv4 would look like one IPv6 network.
    ipv6Only: address.includes(":"),
    recvBufferSize: RECEIVE_BUFFER,
  });
  udp.bind({ address, port: options.port ?? 0 });
  await once(udp, "listening");
  udp.on("error", () => {});
  const { port } = udp.address();
  const streams = await openSipStreams({
    address,
    ports: options.tlsPort === undefined ? [port] : [port, options.tlsPort],
    secureContext,
    authorities: options.authorities,
    maxConnections: options.maxConnections ?? 2_000,
    maxPerAddress: options.maxPerAddress ?? 200,
    now,
    message: (flow, bytes) => stack.receive(flow, bytes, now()),
    pong: flow => stack.pong(flow, now()),
    failed: flow => stack.flowFailed(flow, now()),
  }).catch((error: unknown) => {
    udp.close();
    throw error;
  });
  const tlsPort = streams.ports[1] ?? 0;
  const resolver = openResolver();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let closing: Promise<void> | undefined;

  /** Sleeps until the next timeout. */
  function arm(): void {
    clearTimeout(timer);
    const delay = Math.min(Math.max(0, stack.nextTimeout - now()), 60_000);
    timer = setTimeout(() => {
      stack.advance(now());
      arm();
    }, Math.ceil(delay));
    timer.unref();
  }

  const stack = createSipStack({
    ...options.stack,
    handler,
    randomBytes,
    now: now(),
    io: {
      send(flow, bytes) {
        if (isClosed) return false;
        if (flow.transport !== "udp") return streams.send(flow, bytes);
        udp.send(bytes, flow.port, flow.address, () => {});
        return true;
      },
      resolve(uri, done) {
        resolver.locate(uri).then(flows => done(flows, now()));
      },
      addressOf: ({ transport }) => ({
        host: advertised,
        port: transport === "tls" || transport === "wss" ? tlsPort : port,
      }),
      // Not at once: many timeouts are set in one go.
      wake: () => queueMicrotask(arm),
    },
  });
  udp.on("message", (bytes, from) => {
    if (bytes.length < MIN_DATAGRAM) return;
    stack.receive({ transport: "udp", address: from.address, port: from.port, connection: 0 }, bytes, now());
  });
  const sweeper = setInterval(streams.sweep, SWEEP);
  sweeper.unref();

  return {
    stack,
    port,
    tlsPort,
    now,
    close() {
      closing ??= (async () => {
        stack.close(now());
        await new Promise(resolve => setTimeout(resolve, LINGER));
        isClosed = true;
        clearTimeout(timer);
        clearInterval(sweeper);
        resolver.close();
        await Promise.all([streams.close(), new Promise<void>(resolve => udp.close(() => resolve()))]);
      })();
      return closing;
    },
  };
}
