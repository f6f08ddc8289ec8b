import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

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

/** Headless Chromium, Debian's. `wrapper` runs it inside something else, e.g. a network namespace. */
export function launchChromium({
  flags = CHROMIUM_FLAGS,
  executablePath = "/usr/bin/chromium",
} = {}): Promise<Browser> {
  return chromium.launch({ executablePath, headless: true, args: flags });
}

/** An empty page on the edge's own origin: a secure context that may import the SDK. */
export async function openBlank(context: Browser | BrowserContext, url: string): Promise<Page> {
  const page = await context.newPage();
  await page.route(`${url}/blank`, route =>
    route.fulfill({ contentType: "text/html", body: "<!doctype html><title>test</title><body></body>" }),
  );
  await page.goto(`${url}/blank`);
  return page;
}
