import type { SignalBody, Surroundings } from "../core/index.ts";
import type { Ice } from "../ice.ts";
import type { IncomingMedia, MediaHost, MediaPath, OpenConnection, Wanted } from "../media-path.ts";
import { createPeer, type Peer, type PeerSignal } from "./peer.ts";

export interface MeshOptions {
  readonly host: MediaHost;
  readonly surroundings: Surroundings;
  readonly ice: Ice;
  /** Whether there is a connection to the room. */
  up(): boolean;
  signal<T extends PeerSignal | "peer.done">(type: T, body: SignalBody<T>): void;
  /** Nothing comes from that participant although its connection should stand. */
  silent(pid: string): void;
  /** What comes, or the state of a connection, has changed. */
  changed(): void;
  failed(error: unknown): void;
}

/** Media from everybody to everybody, each pair by a connection of its own. */
export function createMesh(options: MeshOptions): MediaPath {
  const { host, surroundings } = options;
  const peers = new Map<string, Peer>();
  let incoming: Map<number, IncomingMedia> | undefined;
  let own: string | undefined;
  // We need this path no more; whom the others have told the same. A connection goes when both ends say so.
  let retired = false;
  const done = new Set<string>();

  const changed = (): void => {
    incoming = undefined;
    options.changed();
  };

  const drop = (pid: string, peer: Peer): void => {
    peers.delete(pid);
    peer.close();
    incoming = undefined;
  };

  /** The others of whom a mesh consists. Those with lesser grants are held to them by a media node, or get no media. */
  const members = ({ you, participants }: Wanted) => (you.direct ? participants.filter(({ direct }) => direct) : []);

  return {
    sync(wanted) {
      // As somebody new we have none of the connections that the old one had.
      const { you } = wanted;
      const stay = new Map(own === you.pid ? members(wanted).map(member => [member.pid, member]) : []);
      own = you.pid;
      for (const [pid, peer] of peers) if (!stay.has(pid)) drop(pid, peer);
      for (const participant of members(wanted)) {
        const { pid } = participant;
        let peer = peers.get(pid);
        if (!peer && retired) continue;
        if (!peer) {
          peer = createPeer({
            host,
            surroundings,
            number: you.number,
            participant,
            ice: options.ice,
            up: options.up,
            signal: options.signal,
            silent: () => options.silent(pid),
            changed,
            failed: options.failed,
          });
          peers.set(pid, peer);
        }
        peer.sync(participant, wanted.sources);
      }
    },
    get incoming() {
      incoming ??= new Map([...peers.values()].flatMap(peer => [...peer.incoming]));
      return incoming;
    },
    withheld: () => undefined,
    connectionTo: pid => peers.get(pid)?.state ?? "none",
    get connections() {
      return [...peers].map(([pid, { connection }]): OpenConnection => ({ pid, connection }));
    },
    receive(signal) {
      const peer = peers.get(signal.from);
      if (!peer) return;
      if (signal.type !== "peer.done") return peer.receive(signal);
      done.add(signal.from);
      if (retired) drop(signal.from, peer);
    },
    resumed() {
      for (const peer of peers.values()) peer.resumed();
    },
    networkChanged() {
      for (const peer of peers.values()) peer.networkChanged();
    },
    retire() {
      retired = true;
      for (const [pid, peer] of peers) {
        options.signal("peer.done", { to: pid });
        // Nobody gets anything by one that never stood, and its other end may know nothing of it.
        if (done.has(pid) || peer.state === "connecting" || peer.state === "none") drop(pid, peer);
      }
    },
    close() {
      for (const [pid, peer] of peers) drop(pid, peer);
    },
  };
}
