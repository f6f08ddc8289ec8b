/**
 * Trunks whose telephone registers here, and where it then is.
 * @module
 */
import type { NodeTrunk } from "../../../src/protocol/index.ts";
import type { SipRequest } from "../sip/message/message.ts";
import { userOf } from "../sip/message/uri.ts";
import type { RegisterVerdict } from "../sip/receiver.ts";
import { type Binding, createBindings } from "../sip/registrar/bindings.ts";
import type { SipFlow } from "../sip/transport/flow.ts";
import type { CallFrame } from "./phone-call.ts";
import type { Trunks } from "./trunks.ts";

export interface Phones {
  /** Takes the trunk as it is now. @returns whether a telephone registers by it, of which news come by themselves */
  put(spec: NodeTrunk, now: number): boolean;
  remove(trunk: string): void;
  /** Judges a REGISTER. */
  register(request: SipRequest, flow: SipFlow, now: number): RegisterVerdict;
  /** Where a trunk's telephone is called: where it registered last. */
  find(trunk: string, now: number): Binding | undefined;
  flowFailed(flow: SipFlow, now: number): void;
  /** Lets go of what has expired; to be called every few seconds. */
  sweep(now: number): void;
}

export function createPhones(trunks: Trunks, report: (frame: CallFrame) => void): Phones {
  const bindings = createBindings();
  /** What was told of each trunk. */
  const told = new Map<string, string>();

  function tell(trunk: string, now: number): void {
    const held = trunks.get(trunk);
    if (held === undefined) return;
    const state = bindings.of(trunk, now).length > 0 ? "registered" : "idle";
    const { lease } = held.spec;
    if (told.get(trunk) === `${lease} ${state}`) return;
    told.set(trunk, `${lease} ${state}`);
    report({ type: "trunk.state", trunk, lease, state });
  }

  function remove(trunk: string): void {
    bindings.remove(trunk);
    told.delete(trunk);
  }

  return {
    put({ trunk, registration }, now) {
      if (registration !== "inbound") {
        remove(trunk);
        return false;
      }
      told.delete(trunk);
      tell(trunk, now);
      return true;
    },
    remove,
    register(request, flow, now) {
      const found = trunks.registrant(request, flow, now);
      if ("kind" in found) return found;
      const { trunk, accept } = found.spec;
      // Everybody speaks for oneself (RFC 3261 §10.3).
      if (userOf(request.to.uri) !== accept.credentials?.username) return { kind: "refuse", status: 403 };
      const answer = bindings.register(trunk, request, flow, now);
      tell(trunk, now);
      return { kind: "answer", ...answer };
    },
    find: (trunk, now) => bindings.of(trunk, now)[0],
    flowFailed(flow, now) {
      for (const trunk of bindings.flowFailed(flow)) tell(trunk, now);
    },
    sweep(now) {
      for (const trunk of bindings.expire(now)) tell(trunk, now);
    },
  };
}
