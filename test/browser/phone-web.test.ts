import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Call, CallList, Trunk } from "../../src/protocol/index.ts";
import { createAuthority } from "../support/authority.ts";
import { joinCall } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { openJssip } from "../support/peers/jssip.ts";
import { freePort } from "../support/ports.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

const PAGE_TONE = 790;
const PHONE_TONE = 440;
const PIN = "4711";
const PASSWORD = "behind the flour";

describe("a softphone in a page (JsSIP, by WSS)", () => {
  const cleanup = createCleanup();
  const room = "web";
  let edge: Edge;
  let browser: Browser;
  let page: Page;
  let phone: Page;

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
  const running = async (): Promise<Call[]> => (await ask<CallList>("GET", "/calls?state=running")).calls;
  const said = (): Promise<string[]> => phone.evaluate(() => window.softphone.log);
  /** How much louder (dB) the softphone hears the page than itself. */
  const hears = (): Promise<number> =>
    phone.evaluate(
      ([other = 0, own = 0]) => window.softphone.level(other) - window.softphone.level(own),
      [PAGE_TONE, PHONE_TONE],
    );
  const identity = async (): Promise<string> => {
    const { participants } = await ask<{ participants: { kind: string; identity: string }[] }>(
      "GET",
      `/rooms/${room}/participants`,
    );
    return participants.find(({ kind }) => kind === "phone")?.identity ?? "";
  };

  beforeAll(async () => {
    const authority = await createAuthority(["IP:127.0.0.1"]);
    cleanup.add(authority.remove);
    edge = await startEdge();
    cleanup.add(edge.stop);
    const [sip, tls] = [await freePort(), await freePort()];
    const settings = {
      ...{ "sip-listen": `127.0.0.1:${sip}`, "sip-tls-port": String(tls), "rtp-ports": "22600-22699" },
      ...{ cert: authority.cert, pkey: authority.pkey },
    };
    const node = await startNode({ edge: edge.url, settings });
    cleanup.add(node.stop);
    browser = await launchChromium({ home: authority.chromiumHome });
    cleanup.add(() => browser.close());
    await ask("POST", "/trunks", {
      ...{ id: "desk", registration: "inbound", callsPerSecond: 20 },
      accept: { credentials: { username: "desk", password: PASSWORD } },
    });
    await ask("POST", "/dispatch-rules", { trunks: ["desk"], numbers: ["100"], room, pin: PIN });
    page = await openBlank(browser, edge.url);
    await joinCall(page, { url: edge.url, token: await joinToken(room, "page"), tone: PAGE_TONE, hue: 0 });
    phone = await openJssip(browser, edge.url, {
      ...{ server: `wss://127.0.0.1:${tls}`, user: "desk", password: PASSWORD, domain: "127.0.0.1", tone: PHONE_TONE },
    });
  });
  afterAll(cleanup.run);

  it("registers, calls in by a PIN, talks with a page, is held and hangs up", async () => {
    await expect.poll(said).toContain("registered");
    expect((await ask<Trunk>("GET", "/trunks/desk")).state).toBe("registered");
    await phone.evaluate(() => window.softphone.call("sip:100@127.0.0.1"));
    await expect.poll(said).toContain("confirmed");
    await expect.poll(() => phone.evaluate(() => window.softphone.canPress())).toBe(true);
    await phone.evaluate(pin => window.softphone.press(`${pin}#`), PIN);
    await expect.poll(identity).not.toBe("");
    await expectTone(page, await identity(), PHONE_TONE, [PAGE_TONE]);
    await expect.poll(hears).toBeGreaterThan(20);
    await phone.evaluate(() => window.softphone.hold(true));
    await expect.poll(async () => (await running())[0]?.state).toBe("held");
    await phone.evaluate(() => window.softphone.hold(false));
    await expect.poll(async () => (await running())[0]?.state).toBe("active");
    await expect.poll(hears).toBeGreaterThan(20);
    await phone.evaluate(() => window.softphone.hangUp());
    await expect.poll(running).toEqual([]);
  });

  it("is called from a room by its name, and both hear each other", async () => {
    const { id } = await ask<Call>("POST", "/calls", { room, trunk: "desk", to: "desk" });
    await expect.poll(async () => (await ask<Call>("GET", `/calls/${id}`)).state).toBe("active");
    await expectTone(page, await identity(), PHONE_TONE, [PAGE_TONE]);
    await expect.poll(hears).toBeGreaterThan(20);
    await ask("DELETE", `/calls/${id}`);
    await expect.poll(async () => (await said()).at(-1)).toContain("ended");
  });
});
