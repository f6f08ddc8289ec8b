/**
 * How calls end, and what rooms are told of calls.
 * @module
 */
import { PHONE_ATTRIBUTES } from "../../protocol/phone-attributes.ts";
import type { CallCause } from "../../protocol/telephony.ts";
import { reasonOf } from "../log.ts";
import { roomStub } from "../stubs.ts";
import { note, type StoredCall } from "./calls.ts";
import type { TelephonyContext } from "./context.ts";

/**
 * Tell the room how the call is. A room that fails must not keep the call from going on. Two that are told at once may overtake
 * each other: whoever is done looks whether what it told still holds.
 */
export async function tellRoom(telephony: TelephonyContext, { id, room, pid, state }: StoredCall): Promise<void> {
  if (room === undefined || pid === undefined) return;
  try {
    for (let told: string | undefined = state; told !== undefined; ) {
      await roomStub(telephony.env, room).phoneState(pid, { [PHONE_ATTRIBUTES.state]: told });
      const now = telephony.calls.get(id);
      told = now && now.endedAt === undefined && now.state !== told ? now.state : undefined;
    }
  } catch (error) {
    telephony.log.error("room-untold", { room, reason: reasonOf(error) });
  }
}

/** The call is over: once, whoever says so first. */
export async function end(telephony: TelephonyContext, id: string, cause: CallCause, now: number): Promise<void> {
  const call = telephony.calls.get(id);
  if (!call || call.endedAt !== undefined) return;
  call.state = "ended";
  call.cause = cause;
  call.endedAt = now;
  note(call, { at: now, event: "ended", cause });
  telephony.calls.save(call);
  const { direction, trunk, node, room, pid } = call;
  telephony.log.info("call-ended", { call: id, direction, trunk, node, ...cause });
  if (room === undefined || pid === undefined) return;
  try {
    await roomStub(telephony.env, room).phoneGone(pid, cause.reason);
  } catch (error) {
    telephony.log.error("room-untold", { room, reason: reasonOf(error) });
  }
}

/** End a call that runs: the other end is told, if the node can be. */
export async function hangUp(
  telephony: TelephonyContext,
  call: StoredCall,
  cause: CallCause,
  now: number,
): Promise<void> {
  const telling = telephony.tell(call.node, { type: "call.hangup", call: call.id, cause });
  await end(telephony, call.id, cause, now);
  await telling;
}
