/**
 * What telephony has to tell webhooks: every step of a call and every change of a trunk, as they are written.
 * @module
 */
import type { NewWebhookEvent } from "../webhooks/tell.ts";
import type { Calls, StoredCall } from "./calls.ts";
import type { Trunks } from "./trunks.ts";

type Tell = (room: string | undefined, events: readonly NewWebhookEvent[]) => void;

const callOf = ({ id, direction, trunk, from, to, room, pid }: StoredCall) => ({
  ...{ call: id, direction, trunk, from, to },
  ...(room !== undefined && { room }),
  ...(pid !== undefined && { pid }),
});

/** Steps of a call from the `from`-th on, but for its end. */
const stepsOf = (call: StoredCall, from: number): NewWebhookEvent[] =>
  call.events
    .slice(from)
    .filter(({ event }) => event !== "ended")
    .map(({ at, event: step, detail }) => ({
      ...{ type: "call.changed", at, ...callOf(call), step },
      ...(detail !== undefined && { detail }),
    }));

function endOf(call: StoredCall): NewWebhookEvent[] {
  const { endedAt, answeredAt, cause } = call;
  if (endedAt === undefined) return [];
  const ended = { type: "call.ended", at: endedAt, ...callOf(call), cause: cause ?? { reason: "hangup" } } as const;
  return [{ ...ended, ...(answeredAt !== undefined && { answeredAt }) }];
}

/** Calls whose steps are told. */
export const toldCalls = (calls: Calls, tell: Tell): Calls => ({
  ...calls,
  add(call) {
    calls.add(call);
    tell(call.room, stepsOf(call, 0));
  },
  save(call) {
    const before = calls.get(call.id);
    calls.save(call);
    const end = before?.endedAt === undefined ? endOf(call) : [];
    tell(call.room, [...stepsOf(call, before?.events.length ?? 0), ...end]);
  },
});

/** Trunks whose changes are told. */
export const toldTrunks = (trunks: Trunks, tell: Tell): Trunks => ({
  ...trunks,
  put(trunk) {
    const before = trunks.get(trunk.id);
    trunks.put(trunk);
    const { id, state, reason } = trunk;
    if (before?.state === state && before.reason === reason) return;
    const changed = { type: "trunk.changed", at: Date.now(), trunk: id, state } as const;
    tell(undefined, [{ ...changed, ...(reason !== undefined && { reason }) }]);
  },
});
