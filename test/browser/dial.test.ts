import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Trunk } from "../../src/protocol/index.ts";
import { launchChromium } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { freePort } from "../support/ports.ts";
import { openSipAnswerer, type SipAnswerer } from "../support/sip-answerer.ts";
import { apiToken } from "../support/tokens.ts";

describe("the app's dial pad", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let browser: Browser;
  let phones: SipAnswerer;
  let page: Page;

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = { authorization: `Bearer ${await apiToken()}` };
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return (await response.json()) as T;
  }

  beforeAll(async () => {
    edge = await startEdge({ vars: { HOSTS_DIAL: "true" } });
    cleanup.add(edge.stop);
    const settings = { "sip-listen": `127.0.0.1:${await freePort()}`, "rtp-ports": "22500-22549" };
    const node = await startNode({ edge: edge.url, settings });
    cleanup.add(node.stop);
    phones = await openSipAnswerer();
    cleanup.add(() => phones.endpoint.close());
    const { port } = phones.endpoint;
    await ask("POST", "/trunks", { id: "lab", host: "127.0.0.1", port, allow: ["*"], callsPerSecond: 20 });
    const held = async () => expect((await ask<Trunk>("GET", "/trunks/lab")).state).toBe("idle");
    await vi.waitFor(held, { timeout: 15_000, interval: 100 });
    browser = await launchChromium();
    cleanup.add(() => browser.close());
    page = await browser.newPage();
    await page.goto(`${edge.url}/r/phones`);
    await page.getByLabel("Your name").fill("Ada");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByRole("button", { name: /^Show people/ }).click();
  });
  afterAll(cleanup.run);

  async function dial(number: string): Promise<void> {
    await page.keyboard.press("n");
    await page.getByLabel("Number").fill(number);
    await page.getByTestId("dial").click();
  }
  const inPanel = (text: string) => page.getByTestId("people-panel").getByText(text, { exact: true });
  const openPhone = () => page.getByTestId("phone").click();

  it("shows a telephone that rings, and hangs it up", async () => {
    await dial("ringing");
    await inPanel("Telephone · Ringing…").waitFor();
    await openPhone();
    await page.getByTestId("hang-up").click();
    await inPanel("Telephone · Ringing…").waitFor({ state: "detached" });
    await expect.poll(() => phones.calls.get("ringing")?.[0]?.log.at(-1)).toMatch(/^ended remote/);
  });

  it("holds one that has answered, takes it back, and says when it has gone", async () => {
    await dial("kim");
    await openPhone();
    await page.getByText("In the call").waitFor();
    await page.getByRole("button", { name: "Hold", exact: true }).click();
    await inPanel("Telephone · On hold").waitFor();
    const direction = () => phones.calls.get("kim")?.[0]?.agreements.at(-1)?.direction;
    await expect.poll(direction).not.toBe("sendrecv");
    await page.getByRole("button", { name: "Take back" }).click();
    await inPanel("Telephone · On hold").waitFor({ state: "detached" });
    await expect.poll(direction).toBe("sendrecv");
    await page.keyboard.press("Escape");
    const [call] = phones.calls.get("kim") ?? [];
    call?.call?.hangUp(phones.endpoint.now());
    await inPanel("kim").waitFor({ state: "detached" });
  });

  it("says why nobody comes: busy, or a number that may not be called", async () => {
    await dial("busy");
    await page.getByText("busy is busy; try again later.").waitFor();
    await ask("PATCH", "/trunks/lab", { allow: ["+49*"] });
    await dial("+1 900 555");
    await page.getByText("That number can't be called from here").waitFor();
  });
});
