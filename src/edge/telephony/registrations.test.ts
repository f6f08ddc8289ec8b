import { afterEach, describe, expect, it, vi } from "vitest";
import type { Trunk } from "../../protocol/telephony.ts";
import { askApi, join, uniqueRoom } from "../testing/client.ts";
import { createTestTelephony, orderOf } from "../testing/telephony.ts";

const phones = createTestTelephony("registered");
afterEach(phones.clear);

const ACCOUNT = { username: "acct", password: "secret" };
const trunkOf = async (id: string): Promise<Trunk> => (await askApi("GET", `/v1/trunks/${id}`)).json();
const refusalOf = async (response: Response): Promise<string> => {
  const { code, detail } = (await response.json()) as { code: string; detail: string };
  return `${response.status} ${code} ${detail}`;
};

describe("a trunk that registers", () => {
  it.each([
    [{ host: "sip.example.com", registration: "outbound" }, "credentials"],
    [{ registration: "inbound" }, "accept.credentials"],
    [{ host: "sip.example.com", registration: "inbound", accept: { credentials: ACCOUNT } }, "host"],
    [{ registration: "outbound", credentials: ACCOUNT }, "host"],
    [{ registration: "sideways", host: "sip.example.com" }, "registration"],
  ])("says what it lacks: %j", async (settings, named) => {
    const response = await askApi("POST", "/v1/trunks", { id: "registered-wrong", ...settings });
    expect(await refusalOf(response)).toMatch(new RegExp(`^400 bad-request .*${named}`));
  });

  it("is given to its node, which tells how that goes, and may be called by once it is there", async () => {
    const node = await phones.node();
    const { id } = await phones.trunk(node, { registration: "outbound", credentials: ACCOUNT, allow: ["*"] });
    expect((await orderOf(node, "trunk.put")).trunk).toMatchObject({ registration: "outbound", credentials: ACCOUNT });
    node.send({ type: "trunk.state", trunk: id, lease: 1, state: "failed", reason: "403 Forbidden" });
    await vi.waitFor(async () => expect(await trunkOf(id)).toMatchObject({ state: "failed", reason: "403 Forbidden" }));
    const room = uniqueRoom();
    await join(room, "ada");
    const call = () => askApi("POST", "/v1/calls", { room, trunk: id, to: "+49301" });
    expect(await refusalOf(await call())).toBe(`503 trunk-unavailable ${id}: 403 Forbidden`);
    node.send({ type: "trunk.state", trunk: id, lease: 1, state: "registered" });
    await vi.waitFor(async () => expect((await trunkOf(id)).state).toBe("registered"));
    expect((await call()).status).toBe(201);
  });

  it("is changed only to what goes together", async () => {
    const node = await phones.node();
    const { id } = await phones.trunk(node);
    const change = (changes: object) => askApi("PATCH", `/v1/trunks/${id}`, changes);
    expect(await refusalOf(await change({ registration: "outbound" }))).toMatch(/^400 .*credentials/);
    expect((await change({ registration: "outbound", credentials: ACCOUNT })).status).toBe(200);
    expect(await refusalOf(await change({ credentials: null }))).toMatch(/^400 .*credentials/);
    const inbound = { registration: "inbound", host: null, accept: { credentials: ACCOUNT } };
    const changed = await change(inbound);
    expect(await changed.json()).toMatchObject({
      registration: "inbound",
      accept: { credentials: { username: "acct" } },
    });
    expect(await trunkOf(id)).not.toHaveProperty("host");
  });

  it("whose telephone registers here is called by its name, and by nothing else", async () => {
    const node = await phones.node();
    const accept = { credentials: { username: "kitchen", password: "secret" } };
    const { id } = await phones.trunk(node, { host: undefined, registration: "inbound", accept, allow: ["*"] });
    const room = uniqueRoom();
    await join(room, "ada");
    const denied = await askApi("POST", "/v1/calls", { room, trunk: id, to: "+49301" });
    expect(await refusalOf(denied)).toBe("403 destination-denied +49301");
    expect((await askApi("POST", "/v1/calls", { room, to: "kitchen", trunk: id })).status).toBe(201);
    expect(await orderOf(node, "call.start")).toMatchObject({ trunk: id, to: "kitchen" });
  });
});
