/**
 * `Telephony`: trunks, dispatch rules, PINs and calls of a deployment. One object; it sleeps while calls merely run.
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import { TandemError } from "../../protocol/errors.ts";
import type {
  Call,
  CallList,
  CreateDispatchRule,
  CreateTrunk,
  DispatchRule,
  Trunk,
  UpdateCall,
  UpdateDispatchRule,
  UpdateTrunk,
} from "../../protocol/telephony.ts";
import { type Reply, replyLater, replyWith } from "../reply.ts";
import { callViewOf } from "./calls.ts";
import { change } from "./changes.ts";
import { createContext, type TelephonyContext } from "./context.ts";
import { end, hangUp } from "./ending.ts";
import { give, letGo, nodeDraining, nodeGone, nodeLinked, nodesLost, settle } from "./leases.ts";
import { type CallWish, place, runningOf } from "./outgoing.ts";
import { type CallFrame, report } from "./reports.ts";
import { changedRule, ruleOf, ruleViewOf } from "./rules.ts";
import { changed, madeOf, trunkOf, viewOf } from "./trunks.ts";

/** Trunks and rules of one deployment. */
const MOST = 1_000;

export class Telephony extends DurableObject<Cloudflare.Env> {
  readonly #telephony: TelephonyContext;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#telephony = createContext(state, env);
  }

  /** A node that speaks SIP has its link. */
  nodeLinked(node: string, draining: boolean): Promise<void> {
    return nodeLinked(this.#telephony, node, draining, Date.now());
  }

  nodeDraining(node: string, draining: boolean): Promise<void> {
    return nodeDraining(this.#telephony, node, draining, Date.now());
  }

  nodeGone(node: string): Promise<void> {
    return nodeGone(this.#telephony, node, Date.now());
  }

  /** A node says something of trunks or calls. */
  report(node: string, frame: CallFrame): Promise<void> {
    return report(this.#telephony, node, frame, Date.now());
  }

  override async alarm(): Promise<void> {
    const now = Date.now();
    for (const node of await nodesLost(this.#telephony, now)) {
      const calls = this.#telephony.calls.runningAt(node);
      await Promise.all(calls.map(({ id }) => end(this.#telephony, id, { reason: "node-lost" }, now)));
    }
  }

  createTrunk(wish: CreateTrunk): Promise<Reply<Trunk>> {
    const { db, trunks, vault } = this.#telephony;
    return replyLater(async () => {
      const trunk = await madeOf(vault, wish, Date.now());
      db.open();
      if (trunks.get(wish.id)) throw new TandemError("trunk-exists", wish.id);
      if (trunks.all().length >= MOST) throw new TandemError("bad-request", `at most ${MOST} trunks`);
      trunks.put(trunk);
      await settle(this.#telephony, Date.now());
      return viewOf(trunkOf(trunks, wish.id));
    });
  }

  trunks(): Trunk[] {
    return this.#telephony.trunks.all().map(viewOf);
  }

  trunk(id: string): Reply<Trunk> {
    return replyWith(() => viewOf(trunkOf(this.#telephony.trunks, id)));
  }

  updateTrunk(id: string, changes: UpdateTrunk): Promise<Reply<Trunk>> {
    const { trunks, vault } = this.#telephony;
    return replyLater(async () => {
      const { settings, secrets } = await changed(vault, trunkOf(trunks, id), changes);
      const trunk = { ...trunkOf(trunks, id), settings, secrets };
      trunks.put(trunk);
      await settle(this.#telephony, Date.now());
      // One that has moved to another node was given as it is now.
      const { node, lease } = trunkOf(trunks, id);
      if (node !== undefined && lease === trunk.lease) await give(this.#telephony, trunk, node, true);
      return viewOf(trunkOf(trunks, id));
    });
  }

  /** Its running calls go on. */
  removeTrunk(id: string): Promise<Reply<true>> {
    const { trunks } = this.#telephony;
    return replyLater(async (): Promise<true> => {
      const { node } = trunkOf(trunks, id);
      trunks.remove(id);
      if (node !== undefined) await letGo(this.#telephony, node, id);
      return true;
    });
  }

  createRule(wish: CreateDispatchRule): Reply<DispatchRule> {
    const { db, rules, vault } = this.#telephony;
    return replyWith(() => {
      const rule = ruleOf(vault, wish, Date.now());
      db.open();
      if (rules.all().length >= MOST) throw new TandemError("bad-request", `at most ${MOST} rules`);
      rules.put(rule);
      return ruleViewOf(rule);
    });
  }

  rules(): DispatchRule[] {
    return this.#telephony.rules.all().map(ruleViewOf);
  }

  /** Calls that wait for a PIN go by the rule as it then is. */
  updateRule(id: string, changes: UpdateDispatchRule): Reply<DispatchRule> {
    const { rules, vault } = this.#telephony;
    return replyWith(() => {
      const before = rules.all().find(rule => rule.id === id);
      if (!before) throw new TandemError("no-such-rule", id);
      const rule = changedRule(vault, before, changes);
      rules.put(rule);
      return ruleViewOf(rule);
    });
  }

  removeRule(id: string): Reply<true> {
    return replyWith(() => {
      if (!this.#telephony.rules.remove(id)) throw new TandemError("no-such-rule", id);
      return true;
    });
  }

  /** Call a telephone into a room; asked again with the same `key`, the same call. */
  place(wish: CallWish, key?: string): Promise<Reply<Call>> {
    return replyLater(async () => callViewOf(await place(this.#telephony, wish, key, Date.now())));
  }

  calls(running: boolean | undefined, before: string | undefined, limit: number): CallList {
    const page = this.#telephony.calls.page(running, before, limit + 1);
    const calls = page.slice(0, limit).map(callViewOf);
    return { calls, next: page.length > limit ? (calls.at(-1)?.id ?? null) : null };
  }

  call(id: string): Reply<Call> {
    return replyWith(() => {
      const call = this.#telephony.calls.get(id);
      if (!call) throw new TandemError("no-such-call", id);
      return callViewOf(call);
    });
  }

  changeCall(id: string, changes: UpdateCall, key?: string): Promise<Reply<Call>> {
    return replyLater(async () => callViewOf(await change(this.#telephony, id, changes, key, Date.now())));
  }

  hangUp(id: string): Promise<Reply<true>> {
    return replyLater(async (): Promise<true> => {
      await hangUp(this.#telephony, runningOf(this.#telephony, id), { reason: "hangup" }, Date.now());
      return true;
    });
  }
}
