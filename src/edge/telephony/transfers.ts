/**
 * Transfers: a telephone asks that another number be called in its place, or is sent to one.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { NodeFrame } from "../../protocol/link.ts";
import { type CallCause, type CallTransfer, fitsNumber } from "../../protocol/telephony.ts";
import { reasonOf } from "../log.ts";
import { unwrap } from "../reply.ts";
import { note, type StoredCall } from "./calls.ts";
import type { TelephonyContext } from "./context.ts";
import { place, runningOf } from "./outgoing.ts";
import { trunkOf } from "./trunks.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;

/** Whether a call is in a room, so that another may take its place. */
export const isTalking = ({ state, room }: StoredCall): boolean =>
  room !== undefined && (state === "active" || state === "held");

/**
 * A telephone asks that a number be called in its place: into its room, by its trunk, as far as that may call it and has room for it;
 * one that registers here leads nowhere else, so what its trunk allows goes by the first that may call it. Its own call stays as it is
 * until the new one is answered, which the node sees.
 */
export async function transferWanted(
  telephony: TelephonyContext,
  node: string,
  { call: id, to, replaces }: Frame<"call.transfer-wanted">,
  now: number,
): Promise<void> {
  const { calls, trunks, log } = telephony;
  const call = calls.get(id);
  if (call?.node !== node || call.endedAt !== undefined) return;
  note(call, { at: now, event: "transfer", detail: to });
  calls.save(call);
  try {
    const { allow, registration, transfer: policy = "off" } = trunkOf(trunks, call.trunk).settings;
    const isOwn = registration !== "inbound";
    if (!isOwn && !fitsNumber(to, allow)) throw new TandemError("destination-denied", to);
    if (policy === "off" || (replaces !== undefined && policy !== "on"))
      throw new TandemError("destination-denied", to);
    const { room } = call;
    if (room === undefined || !isTalking(call)) throw new TandemError("call-state", call.state);
    const by = { ...(isOwn && { trunk: call.trunk }), ...(replaces !== undefined && { replaces }) };
    await place(telephony, { room, to, referrer: id, ...by }, undefined, now);
  } catch (error) {
    const code = error instanceof TandemError ? error.code : "internal";
    if (code === "internal") log.error("transfer-failed", { call: id, reason: reasonOf(error) });
    const status = code === "destination-denied" ? 403 : code === "trunk-busy" ? 486 : 503;
    progressed(telephony, id, { sip: status, reason: code }, now);
    await telephony.tell(node, { type: "call.transfer-refused", call: id, status });
  }
}

/** What a telephone says of where it was sent. */
export function transferState(
  telephony: TelephonyContext,
  node: string,
  { call, cause }: Frame<"call.transfer-state">,
  now: number,
): void {
  if (telephony.calls.get(call)?.node === node) progressed(telephony, call, cause, now);
}

function progressed({ calls }: TelephonyContext, id: string, cause: CallCause, now: number) {
  const call = calls.get(id);
  if (!call || call.endedAt !== undefined) return;
  note(call, { at: now, event: "transfer", cause });
  calls.save(call);
}

/**
 * Send a telephone to a number that its trunk may call, or to the telephone of another call of that trunk.
 * @throws TandemError
 */
export async function transfer(
  telephony: TelephonyContext,
  call: StoredCall,
  { to, call: otherId }: CallTransfer,
  now: number,
): Promise<void> {
  const { calls, trunks } = telephony;
  const { settings } = trunkOf(trunks, call.trunk);
  if (to !== undefined && !fitsNumber(to, settings.allow)) throw new TandemError("destination-denied", to);
  const other = otherId === undefined ? undefined : runningOf(telephony, otherId);
  if (other && (other.id === call.id || other.trunk !== call.trunk || other.node !== call.node || !isTalking(other))) {
    throw new TandemError("call-state", "the other must be an answered call of the same trunk");
  }
  const where = { ...(to !== undefined && { to }), ...(other && { other: other.id }) };
  unwrap(await telephony.tell(call.node, { type: "call.transfer", call: call.id, ...where }));
  const current = calls.get(call.id);
  if (!current || current.endedAt !== undefined) return;
  note(current, { at: now, event: "transfer", detail: to ?? other?.id ?? "" });
  calls.save(current);
}
