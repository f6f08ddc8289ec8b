/**
 * Calls that come in: which rule they meet, the PIN, and the room.
 * @module
 */
import * as v from "valibot";
import type { ErrorCode } from "../../protocol/errors.ts";
import type { NodeFrame } from "../../protocol/link.ts";
import { PHONE_ATTRIBUTES } from "../../protocol/phone-attributes.ts";
import { PhoneNumber } from "../../protocol/telephony.ts";
import type { CallPrompt } from "../../protocol/telephony-link.ts";
import { roomStub } from "../stubs.ts";
import { note, type StoredCall } from "./calls.ts";
import type { TelephonyContext } from "./context.ts";
import { end, hangUp } from "./ending.ts";
import { type Caller, roomFor, rulesFor, type StoredRule } from "./rules.ts";
import { TRIES } from "./tries.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;

/** What a caller is told by SIP when a room won't have it (RFC 3261 §21). */
const STATUS: Readonly<Partial<Record<ErrorCode, number>>> = {
  "no-such-room": 404,
  "room-full": 486,
  "room-closed": 410,
  removed: 403,
};
const UNAVAILABLE = 503;
/** Digits of the longest PIN. */
const LONGEST_PIN = 16;

/** The number that a caller shows, empty if it shows none, or none that is one. */
const numberOf = (from: string): string => (v.is(PhoneNumber, from) ? from : "");
const callerOf = ({ trunk, from, to }: StoredCall): Caller => ({ trunk, from: numberOf(from), to });
/** Whose wrong PINs count together: those who hide their number are one. */
const suspectOf = ({ trunk, from }: StoredCall): string => `${trunk} ${numberOf(from)}`;

async function refuse(telephony: TelephonyContext, call: StoredCall, status: number, reason: string, now: number) {
  const telling = telephony.tell(call.node, { type: "call.reject", call: call.id, status, reason });
  await end(telephony, call.id, { sip: status, reason }, now);
  await telling;
}

/** Say something to the caller, and ask for a PIN unless it has had its tries. */
async function prompt(
  telephony: TelephonyContext,
  call: StoredCall,
  prompt: CallPrompt,
  rules: readonly StoredRule[],
  now: number,
): Promise<void> {
  const lengths = new Set(rules.map(({ pinDigits }) => pinDigits));
  const [length = LONGEST_PIN] = lengths;
  const digits = lengths.size === 1 ? length : LONGEST_PIN;
  const asks = prompt === "locked" ? {} : { digits };
  const reply = await telephony.tell(call.node, { type: "call.prompt", call: call.id, prompt, ...asks });
  if ("refusal" in reply) await hangUp(telephony, call, { reason: reply.refusal.code }, now);
}

/** Somebody calls. */
export async function incoming(
  telephony: TelephonyContext,
  node: string,
  { call: id, trunk: trunkId, from, to, name }: Frame<"call.incoming">,
  now: number,
): Promise<void> {
  const { calls, trunks, limits, wrongPins } = telephony;
  if (calls.get(id)) return;
  const trunk = trunks.get(trunkId);
  const limit = trunk ? limits.begin(trunk, now) : "";
  const call: StoredCall = {
    ...{ id, direction: "in", trunk: trunkId, from, to, name, node },
    ...{ key: undefined, lastKey: undefined, state: "incoming", tries: 0 },
    ...{ rule: undefined, room: undefined, pid: undefined, cause: undefined },
    ...{ beganAt: now, answeredAt: undefined, endedAt: undefined },
    events: [{ at: now, event: "incoming" }],
  };
  calls.add(call);
  if (trunk?.node !== node) return refuse(telephony, call, UNAVAILABLE, "trunk-elsewhere", now);
  if (limit !== "") return refuse(telephony, call, UNAVAILABLE, limit, now);
  const rules = rulesFor(telephony.rules.all(), callerOf(call));
  const [rule] = rules;
  if (!rule) return refuse(telephony, call, 404, "no-rule", now);
  if (rule.pin === undefined) return enter(telephony, call, rule, now);
  const locked = wrongPins.locked(suspectOf(call), now);
  if (locked !== "") {
    note(call, { at: now, event: "locked", detail: locked });
    calls.save(call);
    return refuse(telephony, call, 403, "locked", now);
  }
  call.state = "pin";
  note(call, { at: now, event: "pin" });
  calls.save(call);
  await prompt(telephony, call, "pin", rules, now);
}

/** A caller has entered something. */
export async function digitsEntered(
  telephony: TelephonyContext,
  node: string,
  { call: id, digits }: Frame<"call.digits">,
  now: number,
): Promise<void> {
  const { calls, wrongPins, vault } = telephony;
  const call = calls.get(id);
  if (call?.node !== node || call.state !== "pin" || call.tries >= TRIES) return;
  call.tries++;
  call.answeredAt ??= now;
  const rules = rulesFor(telephony.rules.all(), callerOf(call)).filter(({ pin }) => pin !== undefined);
  const pin = digits.replace(/#$/, "");
  const hashes = vault.hashes(pin);
  const before = wrongPins.locked(suspectOf(call), now);
  const rule = before === "" ? rules.find(known => hashes.includes(known.pin ?? "")) : undefined;
  if (rule) return enter(telephony, call, rule, now);
  note(call, { at: now, event: "wrong-pin", detail: `${call.tries} of ${TRIES}` });
  // Somebody who says nothing guesses nothing.
  if (pin !== "") wrongPins.add(suspectOf(call), now);
  const locked = wrongPins.locked(suspectOf(call), now);
  if (locked !== "") {
    call.tries = TRIES;
    note(call, { at: now, event: "locked", detail: locked });
  }
  calls.save(call);
  await prompt(telephony, call, call.tries >= TRIES ? "locked" : "wrong-pin", rules, now);
}

/** Let the caller into its room. */
async function enter(telephony: TelephonyContext, call: StoredCall, rule: StoredRule, now: number): Promise<void> {
  const { env, calls, vault } = telephony;
  const { id, node } = call;
  const answered = call.state === "pin";
  const number = numberOf(call.from);
  const hashed = vault
    .hash(`caller ${number}`)
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 16);
  const room = roomFor(rule, number, hashed);
  call.state = "joining";
  call.rule = rule.id;
  call.room = room;
  note(call, { at: now, event: "rule", detail: rule.id });
  calls.save(call);

  const shown = rule.hideNumber ? `${hashed}` : number;
  const admitted = await roomStub(env, room).admitPhone({
    call: id,
    identity: `phone:${shown === "" ? "anonymous" : shown}`,
    name: rule.hideNumber ? "Phone" : call.name || number || "Phone",
    attributes: {
      [PHONE_ATTRIBUTES.call]: id,
      [PHONE_ATTRIBUTES.state]: "active",
      [PHONE_ATTRIBUTES.trunk]: call.trunk,
      ...(number !== "" && !rule.hideNumber && { [PHONE_ATTRIBUTES.number]: number }),
    },
    node,
    create: rule.create || rule.room === undefined,
    called: false,
  });
  if ("refusal" in admitted) {
    const { code: reason } = admitted.refusal;
    const status = STATUS[reason] ?? UNAVAILABLE;
    if (answered) await hangUp(telephony, call, { sip: status, reason }, now);
    else await refuse(telephony, call, status, reason, now);
    return;
  }
  const { pid, ...where } = admitted.value;
  const waiting = calls.get(id);
  if (!waiting || waiting.endedAt !== undefined) {
    await roomStub(env, room).phoneGone(pid, "hangup");
    return;
  }
  waiting.pid = pid;
  calls.save(waiting);
  const joined = await telephony.tell(node, { type: "call.join", call: id, ...where, pid });
  if ("refusal" in joined) return hangUp(telephony, waiting, { reason: joined.refusal.code }, now);
  const current = calls.get(id);
  if (!current || current.endedAt !== undefined) return;
  current.answeredAt ??= now;
  if (current.state === "joining") current.state = "active";
  note(current, { at: now, event: "joined", detail: room });
  calls.save(current);
  // A node that can't say it has let it in all the same.
  await telephony.tell(node, { type: "call.prompt", call: id, prompt: "welcome" });
}
