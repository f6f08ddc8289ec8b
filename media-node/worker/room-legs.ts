import { type NodeParticipant, type RtpLeg as RtpLegSpec, TandemError } from "../../src/protocol/index.ts";
import type { RtpHost, RtpLeg, RtpLegOptions } from "../gateway/rtp/leg.ts";
import type { Log } from "../log.ts";
import type { Tally } from "../session/tally.ts";

export interface RoomLegsOptions extends Pick<RtpLegOptions, "router" | "flushes" | "maxBitrate"> {
  readonly rtp: RtpHost;
  /** What legs that are gone had counted is added here. */
  readonly past: Tally;
  readonly onState: (pid: string, state: "closed") => void;
  readonly log: Log;
}

/** The participants of a room that speak plain RTP, by their ids. */
export interface RoomLegs {
  /**
   * Opens ports; those that the participant had before are closed.
   * @returns a description for the program at the other end
   * @throws (rejects with) TandemError `rtp-unavailable`, `rtp-destination`, `bad-request` or `no-such-participant`
   */
  open(participant: NodeParticipant, spec: RtpLegSpec, now: number): Promise<string>;
  update(participant: NodeParticipant, now: number): void;
  remove(pid: string, now: number): void;
  readonly pids: Iterable<string>;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  count(tally: Tally): void;
  close(now: number): void;
}

export function createRoomLegs({ rtp, past, onState, log, ...common }: RoomLegsOptions): RoomLegs {
  const legs = new Map<string, RtpLeg>();
  /** Those whose ports are being opened, as they are now. */
  const coming = new Map<string, NodeParticipant>();

  function end(pid: string, now: number): void {
    const leg = legs.get(pid);
    if (leg === undefined) return;
    legs.delete(pid);
    leg.close(now);
    leg.count(past);
  }

  return {
    async open(participant, spec, now) {
      const { pid } = participant;
      end(pid, now);
      coming.set(pid, participant);
      const leg = await rtp.open({ ...common, participant, leg: spec });
      // Opening took a while, in which the room went on.
      const present = coming.get(pid);
      coming.delete(pid);
      if (present === undefined) {
        leg.close(now);
        throw new TandemError("no-such-participant");
      }
      end(pid, now);
      legs.set(pid, leg);
      leg.update(present, now);
      return leg.description;
    },
    update(participant, now) {
      if (coming.has(participant.pid)) coming.set(participant.pid, participant);
      legs.get(participant.pid)?.update(participant, now);
    },
    remove(pid, now) {
      coming.delete(pid);
      end(pid, now);
    },
    get pids() {
      return legs.keys();
    },
    tick(now) {
      for (const [pid, leg] of legs) {
        if (now < leg.deadline) continue;
        try {
          leg.tick(now);
        } catch (error) {
          // As with guests: only the one that met a defect ends.
          log.error("a leg of plain RTP failed", { pid, error: error instanceof Error ? error.stack : error });
          end(pid, now);
          onState(pid, "closed");
        }
      }
    },
    count(tally) {
      for (const leg of legs.values()) leg.count(tally);
    },
    close(now) {
      coming.clear();
      for (const pid of [...legs.keys()]) end(pid, now);
    },
  };
}
