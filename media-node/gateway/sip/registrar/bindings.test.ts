import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMessage } from "../message/parse.ts";
import { rawRequest } from "../testing/raw.ts";
import type { SipFlow } from "../transport/flow.ts";
import { type Bindings, createBindings } from "./bindings.ts";

const UDP: SipFlow = { transport: "udp", address: "192.0.2.7", port: 5070, connection: 0 };
const WS: SipFlow = { transport: "wss", address: "192.0.2.8", port: 40_000, connection: 3 };
const SECOND = 1_000;

let cseq = 0;
function register(
  bindings: Bindings,
  lines: readonly string[],
  { flow = UDP, now = 0, callId = "c", order = ++cseq } = {},
) {
  const text = rawRequest("REGISTER", { uri: "sip:tandem.test", lines, callId, cseq: order, contact: "" });
  const parsed = parseMessage(Buffer.from(text));
  if (parsed?.kind !== "request") throw new Error("no request");
  return bindings.register("kitchen", parsed.request, flow, now);
}
const contacts = (bindings: Bindings, now = 0): string[] => bindings.of("kitchen", now).map(({ contact }) => contact);

describe("bindings", () => {
  it("are made, told with what is left of them, refreshed and taken back", () => {
    const bindings = createBindings();
    const made = register(bindings, ["Contact: <sip:k@192.0.2.7:5070>", "Expires: 300"]);
    expect(made).toEqual({ status: 200, headers: { contact: ["<sip:k@192.0.2.7:5070>;expires=300"] } });
    expect(bindings.of("kitchen", 0)[0]).toMatchObject({ flow: UDP, path: [] });
    expect(register(bindings, [], { now: 100 * SECOND })).toMatchObject({
      headers: { contact: ["<sip:k@192.0.2.7:5070>;expires=200"] },
    });
    register(bindings, ["Contact: <sip:k@192.0.2.7:5070>;expires=0"], { now: 100 * SECOND });
    expect(contacts(bindings)).toEqual([]);
  });

  it("last as long as is sensible: not too short, a day for nobody, and briefly for UDP behind a NAT", () => {
    const bindings = createBindings();
    expect(register(bindings, ["Contact: <sip:k@192.0.2.7>;expires=10"])).toEqual({
      status: 423,
      headers: { "min-expires": "60" },
    });
    expect(register(bindings, ["Contact: <sip:k@192.0.2.7>", "Expires: 86400"]).headers?.contact).toEqual([
      "<sip:k@192.0.2.7>;expires=3600",
    ]);
    const hidden = register(bindings, ["Contact: <sip:k@10.0.0.4>", "Expires: 600"]);
    expect(hidden.headers?.contact?.[0]).toBe("<sip:k@10.0.0.4>;expires=90");
    expect(bindings.expire(91 * SECOND)).toEqual(["kitchen"]);
    expect(contacts(bindings, 91 * SECOND)).toEqual(["sip:k@192.0.2.7"]);
  });

  it("hold the newest first, five at most; a telephone that comes anew takes its own place", () => {
    const bindings = createBindings();
    for (let i = 1; i <= 7; i++) register(bindings, [`Contact: <sip:k@192.0.2.${i}>`], { callId: `c${i}` });
    expect(contacts(bindings)).toEqual([7, 6, 5, 4, 3].map(i => `sip:k@192.0.2.${i}`));
    const id = ';+sip.instance="<urn:uuid:1>";reg-id=1';
    register(bindings, [`Contact: <sip:a@x.invalid;transport=ws>${id}`], { flow: WS, callId: "d1" });
    register(bindings, [`Contact: <sip:b@x.invalid;transport=ws>${id}`], { flow: WS, callId: "d2" });
    expect(contacts(bindings)[0]).toBe("sip:b@x.invalid;transport=ws");
    expect(contacts(bindings)).not.toContain("sip:a@x.invalid;transport=ws");
    register(bindings, ["Contact: *", "Expires: 0"], { callId: "d3" });
    expect(contacts(bindings)).toEqual([]);
  });

  it("go with the connection that they came by", () => {
    const bindings = createBindings();
    register(bindings, ["Contact: <sip:k@192.0.2.7>"]);
    register(bindings, ["Contact: <sip:b@x.invalid;transport=ws>"], { flow: WS, callId: "d" });
    expect(bindings.flowFailed(UDP)).toEqual([]);
    expect(bindings.flowFailed({ ...WS, connection: 4 })).toEqual([]);
    expect(bindings.flowFailed(WS)).toEqual(["kitchen"]);
    expect(contacts(bindings)).toEqual(["sip:k@192.0.2.7"]);
  });

  it("know the proxies between", () => {
    const bindings = createBindings();
    const lines = ["Contact: <sip:k@10.0.0.4>", "Path: <sip:near.test;lr>, <sip:far.test;lr>"];
    expect(register(bindings, lines).headers).toMatchObject({ path: ["<sip:near.test;lr>, <sip:far.test;lr>"] });
    expect(bindings.of("kitchen", 0)[0]?.path).toEqual(["sip:near.test;lr", "sip:far.test;lr"]);
  });

  it.each([
    ["* without an end", ["Contact: *"]],
    ["* and another", ["Contact: *, <sip:k@192.0.2.7>", "Expires: 0"]],
    ["something else than SIP", ["Contact: <mailto:k@192.0.2.7>"]],
    ["six at once", Array.from({ length: 6 }, (_, i) => `Contact: <sip:k@192.0.2.${i}>`)],
  ])("take no %s", (_, lines) => {
    expect(register(createBindings(), lines).status).toBe(400);
  });

  it("take nothing older than what they have", () => {
    const bindings = createBindings();
    register(bindings, ["Contact: <sip:k@192.0.2.7>"], { order: 5 });
    expect(register(bindings, ["Contact: <sip:k@192.0.2.7>;expires=0"], { order: 5 }).status).toBe(400);
    expect(register(bindings, ["Contact: <sip:k@192.0.2.7>;expires=0"], { order: 4 }).status).toBe(400);
    expect(contacts(bindings)).toHaveLength(1);
  });

  it("never throw nor grow, whatever Contact and Expires say", () => {
    const bindings = createBindings();
    const part = fc.constantFrom(
      "<sip:a@b>",
      "*",
      ";expires=",
      "60",
      "0",
      ",",
      '"',
      ";q=2",
      "sip:x@y",
      "<",
      " ",
      "+sip.instance=",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), fc.string({ maxLength: 12 }), (parts, expires) => {
        const line = expires.replaceAll(/[^\x20-\x7e]/g, "");
        try {
          register(bindings, [`Contact: ${parts.join("")}`, `Expires: ${line}`], { callId: String(cseq) });
        } catch (error) {
          // What isn't SIP doesn't come so far.
          expect(String(error)).toContain("no request");
        }
        expect(contacts(bindings).length).toBeLessThanOrEqual(5);
      }),
    );
  });
});
