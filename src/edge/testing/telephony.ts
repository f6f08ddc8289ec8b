/** Telephones of one test file: telephony is one for all, so trunks and rules go after each test. @module */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import type { NodeCommand } from "../../protocol/link.ts";
import type { Call, DispatchRule, Trunk } from "../../protocol/telephony.ts";
import { telephonyStub } from "../stubs.ts";
import { askApi } from "./client.ts";
import { createTestFleet, type TestFleet } from "./fleet.ts";
import type { TestNode } from "./node.ts";

type Order<T extends NodeCommand["type"]> = Extract<NodeCommand, { type: T }>;

export interface TestTelephony {
  readonly fleet: TestFleet;
  /** A node that speaks SIP. */
  node(): Promise<TestNode>;
  /** A trunk that only `node` may hold, if one is named. */
  trunk(node?: TestNode, more?: Record<string, unknown>): Promise<Trunk>;
  rule(body: Record<string, unknown>): Promise<DispatchRule>;
  /** Somebody calls in; the call's id. */
  incoming(node: TestNode, trunk: Trunk, from?: string, to?: string): string;
  clear(): Promise<void>;
}

/** The newest command of that type about that call, once it is there. */
export const orderOf = <T extends NodeCommand["type"]>(node: TestNode, type: T, call?: string): Promise<Order<T>> =>
  vi.waitFor(() => {
    const found = node.commands.findLast(
      command => command.type === type && (call === undefined || ("call" in command && command.call === call)),
    );
    if (!found) throw new Error(`no ${type}; seen: ${node.commands.map(command => command.type).join(" ")}`);
    return found as Order<T>;
  });

/** A call as the API tells it. */
export const callOf = async (id: string): Promise<Call> => (await askApi("GET", `/v1/calls/${id}`)).json();

/** The call, once it is in that state. */
export const stateOf = (id: string, state: string): Promise<Call> =>
  vi.waitFor(async () => {
    const call = await callOf(id);
    if (call.state !== state) throw new Error(`${id} is ${call.state}`);
    return call;
  });

export const telephony = () => telephonyStub(env);

let made = 0;

/** @param prefix of names: no other file's */
export function createTestTelephony(prefix: string): TestTelephony {
  const fleet = createTestFleet(prefix);
  const trunks: string[] = [];
  const rules: string[] = [];
  return {
    fleet,
    node: () => fleet.link({ features: ["sip"] }),
    async trunk(node, more = {}) {
      const id = `${prefix}-${++made}`;
      const settings = { id, host: "sip.example.com", maxCalls: 100, callsPerSecond: 100, ...more };
      const response = await askApi("POST", "/v1/trunks", { ...settings, ...(node && { node: node.id }) });
      if (response.status !== 201) throw new Error(await response.text());
      trunks.push(id);
      return response.json();
    },
    async rule(body) {
      const response = await askApi("POST", "/v1/dispatch-rules", body);
      if (response.status !== 201) throw new Error(await response.text());
      const rule: DispatchRule = await response.json();
      rules.push(rule.id);
      return rule;
    },
    incoming(node, trunk, from = "+4930123", to = "+4930999") {
      const call = `c_${prefix}-${String(++made).padStart(8, "0")}`;
      node.send({ type: "call.incoming", call, trunk: trunk.id, from, to });
      return call;
    },
    async clear() {
      for (const id of trunks.splice(0)) await askApi("DELETE", `/v1/trunks/${id}`);
      for (const id of rules.splice(0)) await askApi("DELETE", `/v1/dispatch-rules/${id}`);
      await fleet.clear();
      // Its tables come with the first trunk.
      if (made === 0) return;
      await runInDurableObject(telephony(), (_, { storage }) => {
        storage.sql.exec("DELETE FROM wrong_pins; DELETE FROM calls; DELETE FROM nodes");
      });
    },
  };
}
