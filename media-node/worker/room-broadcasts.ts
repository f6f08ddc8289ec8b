import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type HlsOrder, type HlsPlace, type NodeParticipant, TandemError } from "../../src/protocol/index.ts";
import { type Broadcast, createBroadcast } from "../gateway/hls/broadcast.ts";
import { createFolder } from "../gateway/hls/folder.ts";
import { type BroadcastStore, createOrderedStore, type FileTaker } from "../gateway/hls/ordered-store.ts";
import { PLAYLIST } from "../gateway/hls/segmenter.ts";
import { createUpload } from "../gateway/hls/upload.ts";
import type { Log } from "../log.ts";
import type { MixHost } from "../mix/mix-host.ts";
import type { Router } from "../room/router.ts";
import type { HlsConfig } from "./messages.ts";

export interface RoomBroadcastsOptions {
  readonly room: string;
  readonly router: Router;
  readonly mixing: MixHost;
  readonly hls: HlsConfig | undefined;
  readonly log: Log;
  readonly onState: (pid: string, state: "connected" | "closed") => void;
}

/** What a room sends out as HLS, by the ids of the participants that these are. */
export interface RoomBroadcasts {
  /** @throws TandemError `node-setting` or `unsupported-codec` */
  open(participant: NodeParticipant, order: HlsOrder): HlsPlace;
  remove(pid: string): void;
  readonly pids: Iterable<string>;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  close(): void;
}

interface Place {
  readonly pid: string;
  readonly store: BroadcastStore;
}

/** Who takes a broadcast's files, and where these then are: a folder where there is one, else the edge if it offers that. */
function takerOf(hls: HlsConfig | undefined, path: string, { upload }: HlsOrder): HlsPlace & { taker: FileTaker } {
  if (hls?.folder !== undefined) {
    return { taker: createFolder(join(hls.folder.path, path)), playlist: `${hls.folder.url}${path}/${PLAYLIST}` };
  }
  if (hls === undefined || upload === undefined) {
    throw new TandemError("node-setting", "hls-folder, or the edge's bucket BROADCASTS");
  }
  const url = new URL(upload.path, hls.edge).href;
  const taker = createUpload({ url, token: upload.token, fetch, pause: time => setTimeout(time) });
  return { taker, playlist: `${upload.path}/${PLAYLIST}` };
}

export function createRoomBroadcasts(options: RoomBroadcastsOptions): RoomBroadcasts {
  const { room, router, mixing, hls, log, onState } = options;
  const broadcasts = new Map<string, Broadcast>();
  /** Whose the names are; they are so until all is written. */
  const places = new Map<string, Place>();

  function remove(pid: string): void {
    const broadcast = broadcasts.get(pid);
    if (broadcast === undefined) return;
    broadcasts.delete(pid);
    broadcast.close();
    for (const [name, place] of places) {
      if (place.pid !== pid) continue;
      place.store.settled().then(() => {
        if (places.get(name) === place) places.delete(name);
      });
    }
  }

  /** It is over, and the room doesn't know. */
  function lose(pid: string): void {
    remove(pid);
    onState(pid, "closed");
  }

  return {
    open({ pid, number }, order) {
      const { name } = order;
      const path = join(room, name);
      const { taker, playlist } = takerOf(hls, path, order);
      const before = places.get(name);
      // The edge has replaced it by this one; that it has gone may be told later.
      if (before) remove(before.pid);
      remove(pid);
      const failed = (error: Error): void => {
        log.error("a broadcast can't be written", { room, path, error: error.message });
        if (broadcasts.get(pid) === broadcast) lose(pid);
      };
      const store = (): BroadcastStore => {
        const what = hls?.folder === undefined ? "the edge" : "the disk";
        const after = before?.store.settled();
        const opened = createOrderedStore({ what, taker, onFailure: failed, after });
        places.set(name, { pid, store: opened });
        return opened;
      };
      const label = pid.slice(2);
      const broadcast: Broadcast = createBroadcast({ router, mixing, participant: number, order, label, store });
      broadcasts.set(pid, broadcast);
      onState(pid, "connected");
      return { playlist };
    },
    remove,
    get pids() {
      return broadcasts.keys();
    },
    tick(now) {
      for (const [pid, broadcast] of broadcasts) {
        try {
          broadcast.tick(now);
        } catch (error) {
          // A defect of ours ends the one that met it, not its neighbours.
          log.error("a broadcast failed", { room, pid, error: error instanceof Error ? error.stack : error });
          lose(pid);
        }
      }
    },
    close() {
      for (const pid of [...broadcasts.keys()]) remove(pid);
    },
  };
}
