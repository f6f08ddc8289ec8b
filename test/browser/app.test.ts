import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/call-page.ts";
import { CHROMIUM_FLAGS, launchChromium } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, SECRETS, startEdge } from "../support/edge.ts";

/** Wait until `count` videos of others play. */
const plays = (page: Page, count: number): Promise<void> =>
  until(
    page,
    wanted =>
      [...document.querySelectorAll("video")].filter(video => video.getVideoPlaybackQuality().totalVideoFrames > 10)
        .length >= wanted,
    count,
  );

async function enter(context: BrowserContext, address: string, name: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: "Join" }).click();
  await page.getByRole("button", { name: "Leave the call" }).waitFor();
  return page;
}

describe("the app", () => {
  const cleanup = createCleanup();
  let browser: Browser;

  const open = async (vars: Record<string, string>): Promise<Edge> => {
    const edge = await startEdge({ vars });
    cleanup.add(edge.stop);
    return edge;
  };
  const person = (): Promise<BrowserContext> => browser.newContext();

  beforeAll(async () => {
    browser = await launchChromium();
    cleanup.add(() => browser.close());
  });
  afterAll(cleanup.run);

  it("brings two people from the home page into a call: they see each other, chat, mute and leave", async () => {
    const edge = await open({ ROOM_ACCESS: "open" });
    const [one, other] = [await person(), await person()];
    const first = await one.newPage();
    const errors: string[] = [];
    first.on("pageerror", error => errors.push(String(error)));
    await first.goto(edge.url);
    await first.getByLabel("Name of the room").fill("standup");
    await first.getByRole("button", { name: "Go to the room" }).click();
    await first.getByLabel("Your name").fill("Ada");
    await first.getByRole("button", { name: "Join" }).click();
    const second = await enter(other, `${edge.url}/r/standup`, "Grace");
    for (const page of [first, second]) await plays(page, 2);

    await first.getByRole("button", { name: "Open the chat" }).click();
    await first.getByRole("textbox").fill("hello, Grace");
    await first.keyboard.press("Enter");
    await second.getByRole("button", { name: /the chat/ }).click();
    await second.getByTestId("chat-panel").getByText("hello, Grace").waitFor();

    await second.getByRole("button", { name: "Turn the microphone off" }).click();
    await first.getByRole("button", { name: /^Show people/ }).click();
    await first
      .getByText(/muted|microphone off/i)
      .first()
      .waitFor({ state: "attached" });

    await second.getByRole("button", { name: "Leave the call" }).click();
    const listed = first.getByTestId("people-panel").getByText("Grace", { exact: true });
    await listed.waitFor({ state: "detached" });
    expect(errors).toEqual([]);
    await one.close();
    await other.close();
  });

  it("in invite mode makes a room behind the operator's password; the guest's link alone lets a guest in, and no link stays in the address", async () => {
    const edge = await open({ ROOM_ACCESS: "invite" });
    const host = await person();
    const page = await host.newPage();
    await page.goto(edge.url);
    await page.getByLabel(/password/i).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("That is not the operator's password").waitFor();
    await page.getByLabel(/password/i).fill(SECRETS.OPERATOR_PASSWORD);
    await page.keyboard.press("Enter");
    const guestLink = await page.getByLabel("Guests' link").inputValue();
    const hostLink = await page.getByLabel("Host's link").inputValue();
    expect(hostLink).toContain(edge.url);

    const hostPage = await enter(host, hostLink, "Host");
    const guest = await person();
    const guestPage = await enter(guest, guestLink, "Guest");
    for (const joined of [hostPage, guestPage]) {
      await plays(joined, 2);
      expect(new URL(joined.url()).hash).toBe("");
    }
    const stranger = await (await person()).newPage();
    await stranger.goto(new URL(guestLink).href.split("#")[0] ?? "");
    await stranger
      .getByText(/link|invitation/i)
      .first()
      .waitFor();
    expect(await stranger.getByRole("button", { name: "Join" }).count()).toBe(0);
  });

  it("lets somebody in whose camera and microphone are denied, and says so", async () => {
    const edge = await open({ ROOM_ACCESS: "open" });
    const denying = await launchChromium({
      flags: CHROMIUM_FLAGS.map(flag =>
        flag === "--use-fake-ui-for-media-stream" ? "--deny-permission-prompts" : flag,
      ),
    });
    cleanup.add(() => denying.close());
    const page = await denying.newPage();
    await page.goto(`${edge.url}/r/denied`);
    await page
      .getByText(/denied|blocked|allow/i)
      .first()
      .waitFor();
    await page.getByLabel("Your name").fill("Shy");
    await page.getByRole("button", { name: "Join" }).click();
    await page.getByRole("button", { name: "Leave the call" }).waitFor();
  });
});
