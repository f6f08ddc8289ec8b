import { homedir } from "node:os";
import { type Browser, chromium, type Page } from "playwright-core";

/** Flags under which Chromium stays on this machine and has a camera and a microphone without asking. */
export const CHROMIUM_FLAGS = [
  "--no-sandbox",
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  "--allow-loopback-in-peer-connection",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
  // Many pages of one browser are background tabs; they must go on painting and sending.
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/**
 * Headless Chromium, Debian's, or what runs it inside something else, e.g. a network namespace. `home` is where it looks for
 * authorities that it trusts.
 */
export function launchChromium({
  flags = CHROMIUM_FLAGS,
  executablePath = "/usr/bin/chromium",
  home = homedir(),
} = {}): Promise<Browser> {
  const env = { ...process.env, HOME: home };
  return chromium.launch({ executablePath, headless: true, args: flags, env });
}

declare global {
  interface Window {
    /** The SDK as the Worker serves it. */
    sdk: typeof import("../../src/client/index.ts");
  }
}

/**
 * An empty page on the edge's own origin, a secure context, with the SDK loaded as `window.sdk`. It is served by the edge, not made
 * up by the driver: to the browser a page from nowhere may not reach this machine.
 */
export async function openBlank(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  // A browser that is being closed has closed the context already.
  page.on("close", () => context.close().catch(() => {}));
  await page.goto(`${url}/sdk/tandem.js`);
  await page.evaluate(() => document.body.replaceChildren());
  await page.addScriptTag({ type: "module", content: 'import * as sdk from "/sdk/tandem.js"; window.sdk = sdk;' });
  await page.waitForFunction(() => "sdk" in window);
  return page;
}
