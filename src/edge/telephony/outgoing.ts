/**
 * Calls that go out, and how running ones are.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import { PHONE_ATTRIBUTES } from "../../protocol/phone-attributes.ts";
import { type CreateCall, fitsNumber } from "../../protocol/telephony.ts";
import { roomStub } from "../stubs.ts";
import { randomId } from "../tokens/random.ts";
import { note, type StoredCall } from "./calls.ts";
import type { TelephonyContext } from "./context.ts";
import { end, hangUp, tellRoom } from "./ending.ts";
import { type StoredTrunk, trunkOf } from "./trunks.ts";

/** A wish that may leave the trunk to us. */
export type CallWish = Omit<CreateCall, "trunk"> & {
  readonly trunk?: string;
  /** The call whose telephone asked for it, and the other end's call that it takes the place of. */
  readonly referrer?: string;
  readonly replaces?: string;
};

/** The trunk of a call: the one named, else the first that may call that number. @throws TandemError */
function trunkFor({ trunks }: TelephonyContext, { trunk: id, to }: CallWish): StoredTrunk {
  // A telephone that registers here is called by its name, and costs nothing.
  const may = ({ settings: { registration, accept, allow } }: StoredTrunk): boolean =>
    registration === "inbound" ? accept.credentials?.username === to : fitsNumber(to, allow);
  const able = id === undefined ? trunks.all().filter(may) : [trunkOf(trunks, id)];
  const [trunk] = able.toSorted((a, b) => Number(b.node !== undefined) - Number(a.node !== undefined));
  if (!trunk || !may(trunk)) throw new TandemError("destination-denied", to);
  return trunk;
}

/** States of a trunk in which its node can't call by it. */
const USELESS: ReadonlySet<string> = new Set(["waiting", "failed"]);

/** The node that holds it, if its link stands. @throws TandemError `trunk-unavailable` */
function holderOf({ nodes }: TelephonyContext, { id, node, state, reason }: StoredTrunk): string {
  const holder = node === undefined ? undefined : nodes.get(node);
  if (!holder || holder.goneAt !== undefined || USELESS.has(state)) {
    throw new TandemError("trunk-unavailable", `${id}: ${state === "failed" ? (reason ?? state) : "no node holds it"}`);
  }
  return holder.id;
}

/**
 * Call a telephone into a room.
 * @param key whoever asks again with the same gets the same call
 * @throws TandemError
 */
export async function place(
  telephony: TelephonyContext,
  wish: CallWish,
  key: string | undefined,
  now: number,
): Promise<StoredCall> {
  const { env, calls, limits, log } = telephony;
  const before = key === undefined ? undefined : calls.byKey(key);
  if (before) return before;
  const { room, to, from, name, referrer, replaces } = wish;
  const trunk = trunkFor(telephony, wish);
  const node = holderOf(telephony, trunk);
  const limit = limits.begin(trunk, now);
  if (limit !== "") throw new TandemError("trunk-busy", limit);
  const shown = from ?? trunk.settings.callerId;
  const id = `c_${randomId(12)}`;
  calls.add({
    ...{ id, direction: "out", trunk: trunk.id, from: shown ?? "", to, name, node },
    ...{ key, lastKey: undefined, state: "dialing", tries: 0 },
    ...{ rule: undefined, room, pid: undefined, cause: undefined },
    ...{ beganAt: now, answeredAt: undefined, endedAt: undefined },
    events: [{ at: now, event: "dialing" }],
  });

  const admitted = await roomStub(env, room).admitPhone({
    call: id,
    identity: `phone:${to}`,
    name: name ?? to,
    attributes: {
      [PHONE_ATTRIBUTES.call]: id,
      [PHONE_ATTRIBUTES.state]: "dialing",
      [PHONE_ATTRIBUTES.trunk]: trunk.id,
      [PHONE_ATTRIBUTES.number]: to,
    },
    node,
    create: false,
    video: trunk.settings.video === true,
    called: true,
  });
  if ("refusal" in admitted) {
    await end(telephony, id, { reason: admitted.refusal.code }, now);
    throw new TandemError(admitted.refusal.code, admitted.refusal.detail);
  }
  const { pid, where } = admitted.value;
  const call = runningOf(telephony, id);
  call.pid = pid;
  call.room = room;
  calls.save(call);
  const command = {
    ...({ type: "call.start", call: id, trunk: trunk.id, to, ...where, pid } as const),
    ...(referrer !== undefined && { referrer }),
    ...(replaces !== undefined && { replaces }),
  };
  const reply = await telephony.tell(node, shown === undefined ? command : { ...command, from: shown });
  if ("refusal" in reply) {
    await hangUp(telephony, call, { reason: reply.refusal.code }, now);
    throw new TandemError(reply.refusal.code, reply.refusal.detail);
  }
  log.info("call-placed", { call: id, trunk: trunk.id, node, room });
  return calls.get(id) ?? call;
}

/** @throws TandemError `no-such-call` */
export function runningOf({ calls }: TelephonyContext, id: string): StoredCall {
  const call = calls.get(id);
  if (!call || call.endedAt !== undefined) throw new TandemError("no-such-call", id);
  return call;
}

/** A running call is in another state. */
export async function turn(telephony: TelephonyContext, id: string, state: string, now: number): Promise<void> {
  const call = telephony.calls.get(id);
  if (!call || call.endedAt !== undefined || call.state === state) return;
  call.state = state;
  if (state === "active") call.answeredAt ??= now;
  note(call, { at: now, event: state });
  telephony.calls.save(call);
  await tellRoom(telephony, call);
}
