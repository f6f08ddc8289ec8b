import { type Browser, launch, type Page } from "puppeteer-core";
import type { Driven } from "./call-page.ts";
import type { Namespace } from "./namespaces.ts";
import { freePort } from "./ports.ts";

/** Settings under which Firefox stays on this machine, has a camera and a microphone without asking, and names its addresses. */
const PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "app.update.enabled": false,
};

/**
 * Headless Firefox, Debian's, inside a namespace: it gathers no loopback candidates, so it needs a network. `tone` is what its
 * microphone hears, in Hz; `profile` a folder that has e.g. authorities to trust, else a fresh one.
 */
export async function launchFirefox(namespace: Namespace, tone: number, profile?: string): Promise<Browser> {
  const debuggingPort = await freePort();
  await namespace.reach(debuggingPort);
  return launch({
    browser: "firefox",
    executablePath: namespace.wrap("/usr/bin/firefox-esr"),
    headless: true,
    ...(profile && { userDataDir: profile }),
    debuggingPort,
    extraPrefsFirefox: { ...PREFERENCES, "media.navigator.audio.fake_frequency": tone },
  });
}

/** The page as tests drive it: its own type would unwrap handles, and tests pass none. */
const drivenBy = (page: Page): Driven => page as unknown as Driven;

/** Open a page. */
export async function openFirefox(browser: Browser, url: string): Promise<Driven> {
  const page = await browser.newPage();
  await page.goto(url);
  return drivenBy(page);
}

/** An empty page on the edge's own origin with the SDK loaded as `window.sdk`. */
export async function openBlankFirefox(browser: Browser, url: string): Promise<Driven> {
  const page = await browser.newPage();
  await page.goto(`${url}/sdk/tandem.js`);
  // As text: what compiles these tests would make the import its own.
  await page.evaluate(`import("${url}/sdk/tandem.js").then(sdk => {
    window.sdk = sdk;
    document.body.replaceChildren();
  })`);
  return drivenBy(page);
}
