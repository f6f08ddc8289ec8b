/** `/v1/trunks`, `/v1/dispatch-rules` and `/v1/calls`: telephones. @module */
import { Hono } from "hono";
import * as v from "valibot";
import {
  CallId,
  CreateCall,
  CreateDispatchRule,
  CreateTrunk,
  type DispatchRuleList,
  type TrunkList,
  UpdateCall,
  UpdateDispatchRule,
  UpdateTrunk,
} from "../../protocol/telephony.ts";
import { unwrap } from "../reply.ts";
import { settingsOf } from "../settings.ts";
import { telephonyStub } from "../stubs.ts";
import { requireApiToken } from "./auth.ts";
import { bodyOf, type HttpEnv, queryOf } from "./http.ts";

export const trunks = new Hono<HttpEnv>();
trunks.use(requireApiToken);

trunks.post("/", async c => {
  settingsOf(c.env);
  return c.json(unwrap(await telephonyStub(c.env).createTrunk(await bodyOf(c, CreateTrunk))), 201);
});
trunks.get("/", async c => {
  const answer: v.InferOutput<typeof TrunkList> = { trunks: await telephonyStub(c.env).trunks() };
  return c.json(answer);
});
trunks.get("/:trunk", async c => c.json(unwrap(await telephonyStub(c.env).trunk(c.req.param("trunk")))));
trunks.patch("/:trunk", async c =>
  c.json(unwrap(await telephonyStub(c.env).updateTrunk(c.req.param("trunk"), await bodyOf(c, UpdateTrunk)))),
);
trunks.delete("/:trunk", async c => {
  unwrap(await telephonyStub(c.env).removeTrunk(c.req.param("trunk")));
  return c.body(null, 204);
});

export const dispatchRules = new Hono<HttpEnv>();
dispatchRules.use(requireApiToken);

dispatchRules.post("/", async c =>
  c.json(unwrap(await telephonyStub(c.env).createRule(await bodyOf(c, CreateDispatchRule))), 201),
);
dispatchRules.get("/", async c => {
  const answer: v.InferOutput<typeof DispatchRuleList> = { rules: await telephonyStub(c.env).rules() };
  return c.json(answer);
});
dispatchRules.patch("/:rule", async c =>
  c.json(unwrap(await telephonyStub(c.env).updateRule(c.req.param("rule"), await bodyOf(c, UpdateDispatchRule)))),
);
dispatchRules.delete("/:rule", async c => {
  unwrap(await telephonyStub(c.env).removeRule(c.req.param("rule")));
  return c.body(null, 204);
});

const CALLS = 100;
const CallQuery = v.object({
  state: v.optional(v.picklist(["running", "ended"])),
  before: v.optional(CallId),
  limit: v.optional(
    v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(1), v.maxValue(CALLS, `at most ${CALLS}`)),
    "50",
  ),
});

export const calls = new Hono<HttpEnv>();
calls.use(requireApiToken);

calls.post("/", async c => c.json(unwrap(await telephonyStub(c.env).place(await bodyOf(c, CreateCall))), 201));
calls.get("/", async c => {
  const { state, before, limit } = queryOf(c, CallQuery);
  return c.json(await telephonyStub(c.env).calls(state && state === "running", before, limit));
});
calls.get("/:call", async c => c.json(unwrap(await telephonyStub(c.env).call(c.req.param("call")))));
calls.patch("/:call", async c =>
  c.json(unwrap(await telephonyStub(c.env).changeCall(c.req.param("call"), await bodyOf(c, UpdateCall)))),
);
calls.delete("/:call", async c => {
  unwrap(await telephonyStub(c.env).hangUp(c.req.param("call")));
  return c.body(null, 204);
});
