/**
 * The REST API of telephones, typed.
 * @module
 */
import type * as v from "valibot";
import {
  Call,
  CallList,
  type CreateCall,
  type CreateDispatchRule,
  type CreateTrunk,
  DispatchRule,
  DispatchRuleList,
  Trunk,
  TrunkList,
  type UpdateCall,
  type UpdateDispatchRule,
  type UpdateTrunk,
} from "../protocol/telephony.ts";

export interface CallListOptions {
  /** Left out: both. */
  readonly state?: "running" | "ended";
  /** `next` of the page before. */
  readonly before?: string;
  /** 1 to 100, default 50. */
  readonly limit?: number;
}

/** Every method rejects with a `TandemError`, as the rest of the client. */
export interface Telephony {
  /** Where telephone calls go, and who may call in. */
  readonly trunks: {
    create(trunk: v.InferInput<typeof CreateTrunk>): Promise<Trunk>;
    get(id: string): Promise<Trunk>;
    list(): Promise<Trunk[]>;
    /** Fields left out stay, null takes one away. */
    update(id: string, changes: UpdateTrunk): Promise<Trunk>;
    /** Its running calls go on. */
    remove(id: string): Promise<void>;
  };
  /** Which room a call is for. */
  readonly dispatchRules: {
    create(rule: v.InferInput<typeof CreateDispatchRule>): Promise<DispatchRule>;
    list(): Promise<DispatchRule[]>;
    /** Fields left out stay, the PIN too; null takes one away. */
    update(id: string, changes: UpdateDispatchRule): Promise<DispatchRule>;
    remove(id: string): Promise<void>;
  };
  readonly calls: {
    /** Call a telephone into a room. Resolves when the call is under way; {@link Telephony.calls.get} tells what becomes of it. */
    create(call: CreateCall): Promise<Call>;
    get(id: string): Promise<Call>;
    /** The newest first. */
    list(options?: CallListOptions): Promise<CallList>;
    /** Hold it or take it back, press keys at its other end, send its telephone elsewhere. */
    update(id: string, changes: UpdateCall): Promise<Call>;
    hangUp(id: string): Promise<void>;
  };
}

/** How the client asks. */
export interface Asking {
  request(method: string, path: string, body?: unknown): Promise<Response>;
  read<T extends v.GenericSchema>(schema: T, method: string, path: string, body?: unknown): Promise<v.InferOutput<T>>;
}

export function createTelephony({ request, read }: Asking): Telephony {
  const at = (kind: "trunks" | "dispatch-rules" | "calls", id: string): string =>
    `/v1/${kind}/${encodeURIComponent(id)}`;
  return {
    trunks: {
      create: trunk => read(Trunk, "POST", "/v1/trunks", trunk),
      get: id => read(Trunk, "GET", at("trunks", id)),
      list: async () => (await read(TrunkList, "GET", "/v1/trunks")).trunks,
      update: (id, changes) => read(Trunk, "PATCH", at("trunks", id), changes),
      async remove(id) {
        await request("DELETE", at("trunks", id));
      },
    },
    dispatchRules: {
      create: rule => read(DispatchRule, "POST", "/v1/dispatch-rules", rule),
      list: async () => (await read(DispatchRuleList, "GET", "/v1/dispatch-rules")).rules,
      update: (id, changes) => read(DispatchRule, "PATCH", at("dispatch-rules", id), changes),
      async remove(id) {
        await request("DELETE", at("dispatch-rules", id));
      },
    },
    calls: {
      create: call => read(Call, "POST", "/v1/calls", call),
      get: id => read(Call, "GET", at("calls", id)),
      list(options = {}) {
        const query = new URLSearchParams();
        for (const [name, value] of Object.entries(options)) if (value !== undefined) query.set(name, String(value));
        return read(CallList, "GET", `/v1/calls?${query}`);
      },
      update: (id, changes) => read(Call, "PATCH", at("calls", id), changes),
      async hangUp(id) {
        await request("DELETE", at("calls", id));
      },
    },
  };
}
