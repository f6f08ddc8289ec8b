import { randomBytes } from "node:crypto";
import { type NodeParticipant, TandemError } from "../../src/protocol/index.ts";
import type { Log } from "../log.ts";

type GuestState = "connected" | "closed";

/** Somebody for whom a door is open: a program, or an encoder. */
export interface Guest {
  update(participant: NodeParticipant, now: number): void;
  tick(now: number): void;
  close(now: number, code: number, reason: string): void;
}

/** The door that guests come through. */
export interface GuestDoor<G> {
  readonly url: string;
  expect(token: string, guest: G): void;
  forget(token: string): void;
}

export interface RoomGuestsOptions<G extends Guest, W> {
  /** Absent: nobody comes in here. */
  readonly door: GuestDoor<G> | undefined;
  /** Name of the setting that opens it. */
  readonly setting: string;
  /** Makes one, as it was asked for. */
  readonly create: (participant: NodeParticipant, wish: W, now: number, onState: (state: GuestState) => void) => G;
  readonly onState: (pid: string, state: GuestState) => void;
  readonly log: Log;
}

/** The guests in a room that come through one door, by their participants' ids. */
export interface RoomGuests<W> {
  /** Opens the door; the one that the participant had before is shut. @throws TandemError `node-setting` */
  open(participant: NodeParticipant, wish: W, now: number): { readonly url: string; readonly token: string };
  update(participant: NodeParticipant, now: number): void;
  remove(pid: string, now: number): void;
  readonly pids: Iterable<string>;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  close(now: number): void;
}

/** Close codes of the error table. */
const GONE = [4421, "no-such-participant"] as const;
const ROOM_CLOSED = [4419, "room-closed"] as const;
const INTERNAL = [4500, "internal"] as const;

export function createRoomGuests<G extends Guest, W>(options: RoomGuestsOptions<G, W>): RoomGuests<W> {
  const { door, setting, create, onState, log } = options;
  const guests = new Map<string, { readonly guest: G; readonly token: string }>();

  function end(pid: string, now: number, [code, reason]: readonly [number, string]): void {
    const held = guests.get(pid);
    if (held === undefined) return;
    guests.delete(pid);
    door?.forget(held.token);
    held.guest.close(now, code, reason);
  }

  return {
    open(participant, wish, now) {
      if (door === undefined) throw new TandemError("node-setting", setting);
      const { pid } = participant;
      end(pid, now, GONE);
      const token = randomBytes(24).toString("base64url");
      const guest = create(participant, wish, now, state => {
        if (guests.get(pid)?.guest !== guest) return;
        if (state === "closed") {
          guests.delete(pid);
          door.forget(token);
        }
        onState(pid, state);
      });
      guests.set(pid, { guest, token });
      door.expect(token, guest);
      return { url: door.url, token };
    },
    update: (participant, now) => guests.get(participant.pid)?.guest.update(participant, now),
    remove: (pid, now) => end(pid, now, GONE),
    get pids() {
      return guests.keys();
    },
    tick(now) {
      for (const [pid, { guest }] of guests) {
        try {
          guest.tick(now);
        } catch (error) {
          // A defect of ours ends the one that met it, not its neighbours.
          log.error("a guest failed", { pid, error: error instanceof Error ? error.stack : error });
          end(pid, now, INTERNAL);
          onState(pid, "closed");
        }
      }
    },
    close(now) {
      for (const pid of [...guests.keys()]) end(pid, now, ROOM_CLOSED);
    },
  };
}
