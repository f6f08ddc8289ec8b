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
import { isTalking } from "./transfers.ts";
import { TRIES } from "./tries.ts";
import type { StoredTrunk } from "./trunks.ts";

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
  { call: id, trunk: trunkId, from, to, name, replaces }: Frame<"call.incoming">,
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
  if (replaces !== undefined) return takeOver(telephony, call, trunk, replaces, now);
  const rules = rulesFor(telephony.rules.all(), callerOf(call));
  const [rule] = rules;
  if (!rule) return refuse(telephony, call, 404, "no-rule", now);
  if (rule.pin === undefined) return enterBy(telephony, call, rule, now);
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
  if (rule) return enterBy(telephony, call, rule, now);
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

/** The mark of a number that isn't shown. */
const markOf = ({ vault }: TelephonyContext, number: string): string =>
  vault
    .hash(`caller ${number}`)
    .replaceAll(/[^A-Za-z0-9]/g, "")
    .slice(0, 16);

/** Let the caller into the room that a rule says. */
function enterBy(telephony: TelephonyContext, call: StoredCall, rule: StoredRule, now: number): Promise<void> {
  const number = numberOf(call.from);
  const room = roomFor(rule, number, markOf(telephony, number));
  call.rule = rule.id;
  note(call, { at: now, event: "rule", detail: rule.id });
  const create = rule.create || rule.room === undefined;
  return enter(telephony, call, { room, create, hideNumber: rule.hideNumber }, now);
}

/** Let a caller take another call's place, and end that one (RFC 3891): whom the one of the trunk was handed on to. */
async function takeOver(
  telephony: TelephonyContext,
  call: StoredCall,
  trunk: StoredTrunk,
  replaced: string,
  now: number,
): Promise<void> {
  const { calls, rules } = telephony;
  const before = calls.get(replaced);
  const isReplaceable = before?.trunk === trunk.id && before.node === call.node && isTalking(before);
  if (!isReplaceable || before.room === undefined || trunk.settings.transfer !== "on") {
    return refuse(telephony, call, 481, "no-such-call", now);
  }
  note(call, { at: now, event: "replaces", detail: replaced });
  const rule = rules.all().find(({ id }) => id === before.rule);
  await enter(telephony, call, { room: before.room, create: false, hideNumber: rule?.hideNumber ?? false }, now);
  const entered = calls.get(call.id);
  const old = calls.get(replaced);
  if (entered?.state !== "active" || !old || old.endedAt !== undefined) return;
  await hangUp(telephony, old, { reason: "transferred" }, now);
}

interface Entrance {
  readonly room: string;
  /** Make the room if it is missing. */
  readonly create: boolean;
  readonly hideNumber: boolean;
}

/** Let the caller into its room. */
async function enter(
  telephony: TelephonyContext,
  call: StoredCall,
  { room, create, hideNumber }: Entrance,
  now: number,
): Promise<void> {
  const { env, calls } = telephony;
  const { id, node } = call;
  const answered = call.state === "pin";
  const number = numberOf(call.from);
  call.state = "joining";
  call.room = room;
  calls.save(call);

  const shown = hideNumber ? markOf(telephony, number) : number;
  const admitted = await roomStub(env, room).admitPhone({
    call: id,
    identity: `phone:${shown === "" ? "anonymous" : shown}`,
    name: hideNumber ? "Phone" : call.name || number || "Phone",
    attributes: {
      [PHONE_ATTRIBUTES.call]: id,
      [PHONE_ATTRIBUTES.state]: "active",
      [PHONE_ATTRIBUTES.trunk]: call.trunk,
      ...(number !== "" && !hideNumber && { [PHONE_ATTRIBUTES.number]: number }),
    },
    node,
    create,
    video: telephony.trunks.get(call.trunk)?.settings.video === true,
    called: false,
  });
  if ("refusal" in admitted) {
    const { code: reason } = admitted.refusal;
    const status = STATUS[reason] ?? UNAVAILABLE;
    if (answered) await hangUp(telephony, call, { sip: status, reason }, now);
    else await refuse(telephony, call, status, reason, now);
    return;
  }
  const { pid, alone, where } = admitted.value;
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
  await telephony.tell(node, { type: "call.prompt", call: id, prompt: alone ? "alone" : "welcome" });
}
