import type { NodeParticipant } from "../../src/protocol/index.ts";
import type { Leg } from "../gateway/leg/leg.ts";
import { createPhoneMix } from "../gateway/leg/phone-mix.ts";
import type { Log } from "../log.ts";
import type { MixHost } from "../mix/mix-host.ts";
import type { Router } from "../room/router.ts";
import type { SessionHost } from "../session/session-contract.ts";

/** The telephones in a room, by their participants' ids. Their legs are the worker's, and outlast the room. */
export interface RoomPhones {
  /** A leg is this participant from now on, and no other one. */
  join(leg: Leg, participant: NodeParticipant, now: number): void;
  update(participant: NodeParticipant, now: number): void;
  remove(pid: string, now: number): void;
  readonly pids: Iterable<string>;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  close(now: number): void;
}

export function createRoomPhones(
  router: Router,
  mixing: MixHost,
  host: Pick<SessionHost, "flushes" | "maxBitrate">,
  log: Log,
): RoomPhones {
  const { flushes, maxBitrate } = host;
  const legs = new Map<string, Leg>();
  const mix = createPhoneMix(router, mixing);

  function remove(pid: string, now: number): void {
    const leg = legs.get(pid);
    legs.delete(pid);
    leg?.leave(now);
  }

  function removeAll(now: number): void {
    for (const pid of [...legs.keys()]) remove(pid, now);
  }

  return {
    join(leg, participant, now) {
      const { pid } = participant;
      if (legs.get(pid) !== leg) remove(pid, now);
      leg.enter({ router, mix, flushes, maxBitrate, left: () => legs.delete(pid) }, participant, now);
      legs.set(pid, leg);
    },
    update: (participant, now) => legs.get(participant.pid)?.put(participant, now),
    remove,
    get pids() {
      return legs.keys();
    },
    tick(now) {
      try {
        mix.tick(now);
      } catch (error) {
        // They hear nothing without it; the room goes on.
        log.error("the telephones' mix failed", { error: error instanceof Error ? error.stack : error });
        removeAll(now);
      }
    },
    close(now) {
      removeAll(now);
      mix.close();
    },
  };
}
