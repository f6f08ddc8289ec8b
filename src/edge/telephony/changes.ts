/**
 * What is done to running calls.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { UpdateCall } from "../../protocol/telephony.ts";
import { unwrap } from "../reply.ts";
import type { StoredCall } from "./calls.ts";
import type { TelephonyContext } from "./context.ts";
import { runningOf, turn } from "./outgoing.ts";
import { transfer } from "./transfers.ts";

/**
 * Hold a call or take it back, send digits, or send its telephone elsewhere.
 * @param key whoever asks again with the same changes nothing
 * @throws TandemError
 */
export async function change(
  telephony: TelephonyContext,
  id: string,
  { held, dtmf, transfer: to }: UpdateCall,
  key: string | undefined,
  now: number,
): Promise<StoredCall> {
  const { calls } = telephony;
  const call = runningOf(telephony, id);
  if (call.state !== "active" && call.state !== "held") throw new TandemError("call-state", call.state);
  if (key !== undefined && call.lastKey === key) return call;
  call.lastKey = key;
  calls.save(call);
  if (dtmf !== undefined) unwrap(await telephony.tell(call.node, { type: "call.dtmf", call: id, digits: dtmf }));
  if (held !== undefined) {
    unwrap(await telephony.tell(call.node, { type: "call.hold", call: id, held }));
    await turn(telephony, id, held ? "held" : "active", now);
  }
  if (to !== undefined) await transfer(telephony, call, to, now);
  return calls.get(id) ?? call;
}
