/**
 * Which way media takes, as the room's topology says, and the change from one way to another: the new one is made before the old one
 * is broken, so nobody sees or hears a gap.
 * @module
 */
import type { ReceivedSignal } from "../protocol/commands.ts";
import type { Topology } from "../protocol/model.ts";
import { MIX_SOURCE } from "../protocol/names.ts";
import type { Surroundings } from "./core/index.ts";
import type { IncomingMedia, MediaConnection, MediaPath, OpenConnection, Wanted } from "./media-path.ts";
import type { Listening, Session, Wishes } from "./session/session.ts";

/** How often to see whether the new path carries what the old one does, and after how long the old one goes anyway, in ms. */
const LOOK = 50;
const PATIENCE = 15_000;

export interface PathsOptions {
  readonly surroundings: Surroundings;
  startMesh(): MediaPath;
  startSession(epoch: number): Session;
  changed(): void;
}

export interface Paths {
  /** Bring media in line with the room. */
  sync(wanted: Wanted, topology: Topology): void;
  /** Media of a source, by the newest path on which it flows. */
  media(number: number): IncomingMedia | undefined;
  /** See {@link Session.speakers}. */
  readonly speakers: readonly number[];
  /** See {@link MediaPath.withheld}. */
  withheld(number: number): string | undefined;
  connectionTo(pid: string): MediaConnection;
  readonly connections: readonly OpenConnection[];
  receive(signal: ReceivedSignal<"peer.description" | "peer.candidates" | "peer.ack" | "peer.done">): void;
  resumed(): void;
  networkChanged(): void;
  wish(videos: Wishes): void;
  listen(to: Listening): void;
  close(): void;
}

const NOBODY: readonly number[] = [];

interface Older {
  readonly path: MediaPath;
  readonly until: number;
  retired: boolean;
}

const flows = (media: IncomingMedia | undefined): boolean => media !== undefined && !media.track.muted;

/** The path that a topology asks for; another key is another path. */
function keyOf({ current, epoch }: Topology, pid: string): string {
  if (current === "mesh") return "mesh";
  return (current === "sfu" || current === "mcu") && epoch !== undefined ? `${epoch} ${pid}` : "";
}

/** Manage the paths of one room. */
export function createPaths({ surroundings, startMesh, startSession, changed }: PathsOptions): Paths {
  let key = "";
  let current: MediaPath | undefined;
  let session: Session | undefined;
  let older: Older[] = [];
  let wanted: Wanted | undefined;
  let wishes: Wishes = null;
  let listening: Listening = null;
  let cancel: (() => void) | undefined;

  const all = (): MediaPath[] => [...(current ? [current] : []), ...older.map(({ path }) => path)];

  const closeOlder = (): void => {
    for (const { path } of older) path.close();
    older = [];
  };

  /** Whether the new path carries all that comes by the old one. */
  const covers = ({ incoming }: MediaPath): boolean => {
    if (flows(current?.incoming.get(MIX_SOURCE))) return true;
    const sources = wanted?.participants.flatMap(participant => participant.sources) ?? [];
    const mixed = flows(incoming.get(MIX_SOURCE));
    return sources.every(({ kind, number, muted }) => {
      const comes = flows(incoming.get(number)) || (mixed && kind === "mic");
      return muted || !comes || flows(current?.incoming.get(number));
    });
  };

  const look = (): void => {
    cancel = undefined;
    const now = surroundings.now();
    for (const entry of older) {
      if (entry.retired || !covers(entry.path)) continue;
      entry.retired = true;
      entry.path.retire();
    }
    const over = older.filter(({ path, until }) => until <= now || path.connections.length === 0);
    for (const { path } of over) path.close();
    older = older.filter(entry => !over.includes(entry));
    if (older.length > 0) cancel = surroundings.setTimer(look, LOOK);
    if (over.length > 0) changed();
  };

  const start = (topology: Topology): void => {
    session = undefined;
    if (key === "") current = undefined;
    else if (key === "mesh") current = startMesh();
    else {
      session = startSession(topology.epoch as number);
      if (wishes) session.wish(wishes);
      if (listening) session.listen(listening);
      current = session;
    }
  };

  const close = (): void => {
    cancel?.();
    cancel = undefined;
    closeOlder();
    current?.close();
    current = undefined;
    session = undefined;
    key = "";
  };

  return {
    sync(next, topology) {
      wanted = next;
      const wantedKey = keyOf(topology, next.you.pid);
      if (wantedKey === "") close();
      else if (wantedKey !== key) {
        // Two meshes would answer the same signals.
        if (wantedKey === "mesh") closeOlder();
        if (current) older.push({ path: current, until: surroundings.now() + PATIENCE, retired: false });
        key = wantedKey;
        start(topology);
        cancel ??= surroundings.setTimer(look, LOOK);
      }
      current?.sync(next);
      for (const { path } of older) {
        // Whoever is new comes by the new path alone.
        const participants = next.participants.filter(({ pid }) => path.connectionTo(pid) !== "none");
        path.sync({ ...next, participants });
      }
    },
    media(number) {
      const found = all().flatMap(path => path.incoming.get(number) ?? []);
      return found.find(flows) ?? found[0];
    },
    get speakers() {
      return session?.speakers ?? NOBODY;
    },
    withheld: number => current?.withheld(number),
    connectionTo(pid) {
      const states = all().map(path => path.connectionTo(pid));
      return states.find(state => state === "connected") ?? states[0] ?? "none";
    },
    get connections() {
      return all().flatMap(path => path.connections);
    },
    receive(signal) {
      for (const path of all()) path.receive(signal);
    },
    resumed() {
      for (const path of all()) path.resumed();
    },
    networkChanged() {
      for (const path of all()) path.networkChanged();
    },
    wish(videos) {
      wishes = videos;
      session?.wish(videos);
    },
    listen(to) {
      listening = to;
      session?.listen(to);
    },
    close,
  };
}
