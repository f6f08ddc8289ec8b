import { join } from "node:path";
import { type HlsOrder, type HlsPlace, type NodeParticipant, TandemError } from "../../src/protocol/index.ts";
import { type Broadcast, createBroadcast } from "../gateway/hls/broadcast.ts";
import { createFolder, type Folder } from "../gateway/hls/folder.ts";
import { PLAYLIST } from "../gateway/hls/segmenter.ts";
import type { Log } from "../log.ts";
import type { MixHost } from "../mix/mix-host.ts";
import type { Router } from "../room/router.ts";
import type { HlsConfig } from "./messages.ts";

export interface RoomBroadcastsOptions {
  readonly room: string;
  readonly router: Router;
  readonly mixing: MixHost;
  /** Absent: none is made here. */
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
  readonly folder: Folder;
}

export function createRoomBroadcasts(options: RoomBroadcastsOptions): RoomBroadcasts {
  const { room, router, mixing, hls, log, onState } = options;
  const broadcasts = new Map<string, Broadcast>();
  /** Whose the folders are, by their names; they are so until all is written. */
  const folders = new Map<string, Place>();

  function remove(pid: string): void {
    const broadcast = broadcasts.get(pid);
    if (broadcast === undefined) return;
    broadcasts.delete(pid);
    broadcast.close();
    for (const [name, place] of folders) {
      if (place.pid !== pid) continue;
      place.folder.settled().then(() => {
        if (folders.get(name) === place) folders.delete(name);
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
      if (hls === undefined) throw new TandemError("node-setting", "hls-folder");
      const { name } = order;
      const before = folders.get(name);
      // The edge has replaced it by this one; that it has gone may be told later.
      if (before) remove(before.pid);
      remove(pid);
      const path = join(room, name);
      const failed = (error: Error): void => {
        log.error("a broadcast can't be written", { room, path, error: error.message });
        if (broadcasts.get(pid) === broadcast) lose(pid);
      };
      const store = (): Folder => {
        const folder = createFolder(join(hls.folder, path), failed, before?.folder.settled());
        folders.set(name, { pid, folder });
        return folder;
      };
      const broadcast: Broadcast = createBroadcast({ router, mixing, participant: number, order, store });
      broadcasts.set(pid, broadcast);
      onState(pid, "connected");
      return { playlist: `${hls.url}${path}/${PLAYLIST}` };
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
