import { createServer, type Server, type Socket } from "node:net";
import { formatAddress, isMapped, parseAddress } from "../../net/address.ts";
import type { Relay } from "../allocation.ts";
import { claimPort } from "../claim-port.ts";
import type { RelayAddress } from "../context.ts";
import type { RelayIo } from "../io.ts";
import { connectFrom } from "./connect-from.ts";
import type { PeerLink, TcpRelayEvents, TcpRelayIo } from "./peer-link.ts";
import { createPipe, type Pipe } from "./pipe.ts";

export interface TcpSocketsOptions {
  readonly addresses: readonly RelayAddress[];
  /** The stream of a client that sent a ConnectionBind; it is no client any more. Undefined when it is gone. */
  readonly handOver: (client: number) => Socket | undefined;
  readonly events: () => TcpRelayEvents;
}

/** The sockets of TCP relays: one that listens for each relay, one for each link. */
export interface TcpSockets {
  readonly io: TcpRelayIo;
  /** Opens and closes TCP relays where UDP's are opened and closed. */
  wrap(io: RelayIo): RelayIo;
  /** Lets bytes pass again where there is budget for them; to be called about once a second. */
  tick(): void;
  close(): void;
}

interface Ends {
  peer: Socket;
  client: Socket | undefined;
  pipes: readonly Pipe[];
}

/** What is written to a stream whose other end is gone has so long to leave it, in milliseconds. */
const FLUSH_LIMIT = 10_000;
/** Connections that wait to be accepted. */
const BACKLOG = 64;

export function createTcpSockets({ addresses, handOver, events }: TcpSocketsOptions): TcpSockets {
  const servers = new Map<Relay, Server>();
  const links = new Map<PeerLink, Ends>();
  const attempts = new Map<PeerLink, () => void>();
  let isClosed = false;

  const localOf = (relay: Relay): Uint8Array | undefined =>
    addresses.find(({ family }) => family === relay.family)?.local;

  /** Addresses of the socket as relays have them: IPv4 as such. */
  function bareAddress(socket: Socket): string {
    const bytes = parseAddress(socket.remoteAddress ?? "");
    return bytes ? formatAddress(isMapped(bytes) ? bytes.subarray(12) : bytes) : "";
  }

  function watch(link: PeerLink, socket: Socket): void {
    socket.on("error", () => {});
    socket.once("close", () => {
      const ends = links.get(link);
      if (!ends) return;
      links.delete(link);
      const other = socket === ends.peer ? ends.client : ends.peer;
      if (other) flush(other);
      events().closed(link);
    });
  }

  /** Ends a stream once what was written to it has left. */
  function flush(socket: Socket): void {
    socket.setTimeout(FLUSH_LIMIT, () => socket.destroy());
    socket.end(() => socket.destroy());
  }

  function add(link: PeerLink, peer: Socket): void {
    peer.setNoDelay(true);
    links.set(link, { peer, client: undefined, pipes: [] });
    watch(link, peer);
  }

  /** The port is shared with connections from it; so nobody else may have it, who would get some of those to it. */
  function open(relay: Relay, opened: (ok: boolean) => void): void {
    const local = localOf(relay);
    if (!local) {
      opened(false);
      return;
    }
    const host = formatAddress(local);
    claimPort([host], relay.port).then(
      () => listen(relay, host, opened),
      () => opened(false),
    );
  }

  function listen(relay: Relay, host: string, opened: (ok: boolean) => void): void {
    if (isClosed) {
      opened(false);
      return;
    }
    const server = createServer({ pauseOnConnect: true }, socket => {
      const address = bareAddress(socket);
      const link = events().accepted(relay, address, socket.remotePort ?? 0, performance.now());
      if (link) add(link, socket);
      else socket.destroy();
    });
    servers.set(relay, server);
    server.once("error", () => {
      servers.delete(relay);
      opened(false);
    });
    server.once("listening", () => {
      server.removeAllListeners("error");
      server.on("error", () => {});
      // Any number: the relay is known by itself.
      relay.handle = 0;
      opened(true);
    });
    server.listen({ host, port: relay.port, backlog: BACKLOG, reusePort: true });
  }

  function unlisten(relay: Relay): void {
    servers.get(relay)?.close();
    servers.delete(relay);
    relay.handle = -1;
  }

  const io: TcpRelayIo = {
    connect(link, done) {
      const { relay, address, port } = link;
      const target = { localAddress: localOf(relay)!, localPort: relay.port, address, port };
      const giveUp = connectFrom(target, socket => {
        attempts.delete(link);
        if (socket) add(link, socket);
        done(socket !== undefined, performance.now());
      });
      attempts.set(link, giveUp);
    },
    join(link, number) {
      const ends = links.get(link);
      const client = handOver(number);
      if (!ends || !client) {
        client?.destroy();
        return false;
      }
      const { peer } = ends;
      const pipe = (from: Socket, to: Socket, up: boolean): Pipe =>
        createPipe({
          from,
          to,
          passed: bytes => events().passed(link, up, bytes, performance.now()),
          mayPass: () => events().mayPass(link, up, performance.now()),
        });
      ends.client = client;
      watch(link, client);
      ends.pipes = [pipe(client, peer, true), pipe(peer, client, false)];
      return true;
    },
    drop(link) {
      attempts.get(link)?.();
      attempts.delete(link);
      const ends = links.get(link);
      links.delete(link);
      ends?.peer.destroy();
      ends?.client?.destroy();
    },
  };

  return {
    io,
    wrap: udp => ({
      ...udp,
      open: (relay, opened) => (relay.allocation.links ? open(relay, opened) : udp.open(relay, opened)),
      close: relay => (relay.allocation.links ? unlisten(relay) : udp.close(relay)),
    }),
    tick() {
      for (const { pipes } of links.values()) for (const pipe of pipes) pipe.tick();
    },
    close() {
      isClosed = true;
      for (const giveUp of attempts.values()) giveUp();
      for (const { peer, client } of links.values()) {
        peer.destroy();
        client?.destroy();
      }
      for (const server of servers.values()) server.close();
      attempts.clear();
      links.clear();
      servers.clear();
    },
  };
}
