/** Time as tests want it: the clock that objects read is moved by hand, and alarms ring when told to. @module */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { Room } from "../rooms/room.ts";

/** The object of a room. */
export const stubOf = (room: string): DurableObjectStub<Room> => env.ROOM.getByName(room);

/** Move the clock on, without ringing anything. */
export function pass(milliseconds: number): void {
  const now = Date.now() + milliseconds;
  vi.useFakeTimers({ toFake: ["Date"], now });
}

/** Move the clock on and ring the room's alarm as often as something is due by then. */
export async function advance(room: string, milliseconds: number): Promise<void> {
  pass(milliseconds);
  await ring(room);
}

/** Ring the room's alarm once, if it is set. */
export const ring = (room: string): Promise<boolean> => runDurableObjectAlarm(stubOf(room));
