import { randomBytes } from "node:crypto";
import type { DtlsIdentity } from "../../dtls/certificate.ts";
import { createHandshakeBudget } from "../../dtls/handshake-budget.ts";
import { createHelloGate, type HelloNumbers } from "../../dtls/hello-gate.ts";
import { createDtlsServer, type DtlsServer } from "../../dtls/server.ts";
import { createConnectionLimits } from "../../net/connection-limits.ts";
import type { UdpPort } from "../../net/udp-port.ts";
import type { ClientTransport } from "../io.ts";
import type { TurnInlet } from "../server.ts";

export interface DtlsClientsOptions {
  /** Carries the datagrams: a client is a path of it. */
  readonly udp: Pick<UdpPort, "send" | "retain" | "release" | "addressOf" | "portOf">;
  /** Asked for every handshake: it may be renewed. */
  readonly identity: () => DtlsIdentity;
  readonly maxClients: number;
  readonly maxPerAddress: number;
  /** Takes a transport and returns where its messages go. */
  readonly attach: (transport: ClientTransport) => TurnInlet;
}

export interface DtlsClientCounters {
  /** Hellos sent back for a cookie. */
  challenged: number;
  connected: number;
  /** Handshakes that came to nothing. */
  failed: number;
  /** Turned away: too many at once. */
  refused: number;
  /** Ended by us: no allocation in time. */
  idle: number;
  /** Datagrams that no client sent, and messages that no record holds. */
  dropped: number;
}

/** Clients over DTLS on one UDP port, each a path. Nothing is kept of an address before it has proven itself. */
export interface DtlsClients {
  readonly counters: DtlsClientCounters;
  readonly clients: number;
  /** A datagram of DTLS (RFC 7983: its first byte is from 20 to 63). */
  receive(path: number, bytes: Uint8Array, offset: number, length: number, now: number): void;
  /** Repeats flights and ends what is idle; to be called about once a second. */
  tick(now: number): void;
  /** Says goodbye to all; idempotent. */
  close(now: number): void;
}

interface Client {
  readonly path: number;
  readonly address: string;
  readonly endpoint: DtlsServer;
  /** When it came or last had an allocation, in milliseconds. */
  idleSince: number;
}

/** How long a client may live without an allocation, in milliseconds. */
const IDLE_LIMIT = 30_000;
/** Longest record (RFC 5246 §6.2.1). */
const MAX_PAYLOAD = 16_384;
/** Room for any message to a client, whether a record holds it or not. */
const SLAB_BYTES = 72 * 1024;
/** A handshake costs half a millisecond: a tenth of a core at most. */
const HANDSHAKES = { perSecond: 200, burst: 200 };

export function createDtlsClients(options: DtlsClientsOptions): DtlsClients {
  const { udp, identity, maxClients, maxPerAddress, attach } = options;
  const counters: DtlsClientCounters = { challenged: 0, connected: 0, failed: 0, refused: 0, idle: 0, dropped: 0 };
  const gate = createHelloGate(randomBytes(32));
  const budget = createHandshakeBudget(HANDSHAKES);
  const clients = new Map<number, Client>();
  const limits = createConnectionLimits(maxClients, maxPerAddress);
  const slab = new Uint8Array(SLAB_BYTES);
  let clock = 0;

  const inlet = attach({
    kind: "dtls",
    slab,
    reserve: () => 0,
    commit(path, length) {
      if (!clients.get(path)?.endpoint.send(slab.subarray(0, length))) counters.dropped++;
    },
    // The session holds the path.
    retain() {},
    release(path) {
      const client = clients.get(path);
      if (client) client.idleSince = clock;
    },
    addressOf: udp.addressOf,
    portOf: udp.portOf,
  });

  function forget({ path, address }: Client): void {
    inlet.closed(path, clock);
    clients.delete(path);
    udp.release(path);
    limits.leave(address);
  }

  function open(path: number, address: string, numbers: HelloNumbers): Client | undefined {
    if (!limits.admit(address)) {
      counters.refused++;
      return undefined;
    }
    const endpoint = createDtlsServer({
      certificate: identity(),
      remoteFingerprint: undefined,
      numbers,
      srtpProfiles: [],
      budget,
      maxPayload: MAX_PAYLOAD,
      send: datagram => udp.send(path, datagram, 0, datagram.length),
      listener: {
        onConnected() {
          counters.connected++;
        },
        onData: data => inlet.receive(path, data, 0, data.length, clock),
        onFailed() {
          counters.failed++;
          forget(client);
        },
        onClosed: () => forget(client),
      },
    });
    const client: Client = { path, address, endpoint, idleSince: clock };
    clients.set(path, client);
    udp.retain(path);
    return client;
  }

  function end(client: Client): void {
    client.endpoint.close();
    forget(client);
  }

  return {
    counters,
    get clients() {
      return clients.size;
    },
    receive(path, bytes, offset, length, now) {
      clock = now;
      const datagram = bytes.subarray(offset, offset + length);
      // A second handshake on a live 5-tuple is none of ours to begin: whoever repeats an old hello must end nothing.
      const client = clients.get(path);
      if (client) {
        client.endpoint.handle(datagram, now);
        return;
      }
      const address = udp.addressOf(path);
      const verdict = gate.check(datagram, address, udp.portOf(path), now);
      if (verdict === "drop") counters.dropped++;
      else if (verdict instanceof Uint8Array) {
        counters.challenged++;
        udp.send(path, verdict, 0, verdict.length);
      } else open(path, address, verdict)?.endpoint.handle(datagram, now);
    },
    tick(now) {
      clock = now;
      for (const client of clients.values()) {
        if (now >= client.endpoint.nextTimeout()) client.endpoint.tick(now);
        const isIdle = now - client.idleSince > IDLE_LIMIT && !inlet.hasAllocation(client.path);
        if (client.endpoint.state === "closed" || !isIdle) continue;
        counters.idle++;
        end(client);
      }
    },
    close(now) {
      clock = now;
      for (const client of clients.values()) end(client);
    },
  };
}
