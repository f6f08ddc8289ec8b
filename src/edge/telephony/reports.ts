/**
 * What nodes say of trunks and calls. A node speaks for its own alone.
 * @module
 */
import type { NodeFrame } from "../../protocol/link.ts";
import type { CALL_FRAMES } from "../../protocol/telephony-link.ts";
import { reasonOf } from "../log.ts";
import { roomStub } from "../stubs.ts";
import type { TelephonyContext } from "./context.ts";
import { end } from "./ending.ts";
import { digitsEntered, incoming } from "./incoming.ts";
import { turn } from "./outgoing.ts";
import { transferState, transferWanted } from "./transfers.ts";

export type CallFrame = Extract<NodeFrame, { type: keyof typeof CALL_FRAMES }>;
type Frame<T extends CallFrame["type"]> = Extract<CallFrame, { type: T }>;

export async function report(telephony: TelephonyContext, node: string, frame: CallFrame, now: number): Promise<void> {
  switch (frame.type) {
    case "trunk.state":
      return trunkState(telephony, node, frame);
    case "call.incoming":
      return incoming(telephony, node, frame, now);
    case "call.digits":
      return digitsEntered(telephony, node, frame, now);
    case "call.state":
      return callState(telephony, node, frame, now);
    case "call.video":
      return callVideo(telephony, node, frame);
    case "call.transfer-wanted":
      return transferWanted(telephony, node, frame, now);
    case "call.transfer-state":
      return transferState(telephony, node, frame, now);
    case "calls":
      return compare(telephony, node, frame, now);
  }
}

function trunkState({ trunks }: TelephonyContext, node: string, frame: Frame<"trunk.state">): void {
  const trunk = trunks.get(frame.trunk);
  if (trunk?.node !== node || trunk.lease !== frame.lease) return;
  trunks.put({ ...trunk, state: frame.state, reason: frame.reason });
}

async function callState(
  telephony: TelephonyContext,
  node: string,
  { call: id, state, cause }: Frame<"call.state">,
  now: number,
): Promise<void> {
  const call = telephony.calls.get(id);
  if (call?.node !== node) return;
  if (state === "answered" && call.answeredAt === undefined && call.endedAt === undefined) {
    call.answeredAt = now;
    telephony.calls.save(call);
  }
  if (state === "ended") return end(telephony, id, cause ?? { reason: "hangup" }, now);
  if (state === "ringing" && call.state === "dialing") return turn(telephony, id, "ringing", now);
  const out = call.state === "dialing" || call.state === "ringing";
  if (state === "answered" && out) return turn(telephony, id, "active", now);
  if (state === "held" && call.state === "active") return turn(telephony, id, "held", now);
  if (state === "resumed" && call.state === "held") return turn(telephony, id, "active", now);
}

/** Its telephone shows something to the room, or no longer. */
async function callVideo(
  telephony: TelephonyContext,
  node: string,
  { call: id, on }: Frame<"call.video">,
): Promise<void> {
  const { calls, env, log } = telephony;
  const call = calls.get(id);
  if (call?.node !== node || call.endedAt !== undefined || call.room === undefined || call.pid === undefined) return;
  try {
    await roomStub(env, call.room).phoneVideo(call.pid, on);
  } catch (error) {
    log.error("room-untold", { room: call.room, reason: reasonOf(error) });
  }
}

/** The calls that a node has, now that its link is back. */
async function compare(telephony: TelephonyContext, node: string, frame: Frame<"calls">, now: number): Promise<void> {
  const { calls, nodes } = telephony;
  const since = nodes.get(node)?.linkedAt ?? now;
  const has = new Set(frame.calls);
  const running = calls.runningAt(node);
  await Promise.all([
    ...running
      .filter(({ id, beganAt }) => !has.has(id) && beganAt < since)
      .map(({ id }) => end(telephony, id, { reason: "node-lost" }, now)),
    ...frame.calls
      .filter(id => !running.some(call => call.id === id))
      .map(call => telephony.tell(node, { type: "call.hangup", call, cause: { reason: "ended" } })),
  ]);
}
