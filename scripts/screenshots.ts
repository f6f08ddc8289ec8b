/**
 * Pictures of the app to look at: `node scripts/screenshots.ts [--only PART] [--out FOLDER]`.
 *
 * Builds the app with a scripted room in place of the SDK (`src/web/testing`), opens it in Chromium and takes every scene
 * of `scenes.ts` as phone, laptop and wide screen, dark and light. No edge, no network; `CHROMIUM` names another browser.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { build, type Plugin, type PreviewServer, preview } from "vite";
import { SHOTS, type Shot } from "../src/web/testing/scenes.ts";

const root = resolve(import.meta.dirname, "..");
const SIZES = { phone: [390, 844], laptop: [1280, 800], wide: [1920, 1080] } as const;
const STAND_INS: Readonly<Record<string, string>> = {
  "../../client/index.ts": "client.ts",
  "../../client/speaking.ts": "speaking.ts",
  "../../client/stats.ts": "stats.ts",
};

const option = (name: string): string | undefined => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

/** Puts the stand-ins where the app's one seam to the SDK imports it. */
const scripted: Plugin = {
  name: "scripted-room",
  enforce: "pre",
  resolveId(source, importer) {
    const standIn = importer?.endsWith("/src/web/state/sdk.ts") ? STAND_INS[source] : undefined;
    return standIn && join(root, "src/web/testing", standIn);
  },
};

async function openPage(browser: Browser, shot: Shot, phone: boolean, origin: string): Promise<Page> {
  const context = await browser.newContext({
    permissions: shot.denied ? [] : ["camera", "microphone"],
    hasTouch: phone,
    isMobile: phone,
    deviceScaleFactor: phone ? 2 : 1,
  });
  // Called anew on every load, and the app remembers the name itself.
  await context.addInitScript({ content: 'localStorage.setItem("tandem.name", "Ada Lovelace")' });
  const page = await context.newPage();
  page.on("pageerror", error => {
    console.error(`${shot.name}: ${error.message}`);
    process.exitCode = 1;
  });
  await page.route("**/v1/config", route => route.fulfill({ json: { access: shot.access ?? "open", version: "0" } }));
  const scene = shot.scene ? `?scene=${encodeURIComponent(JSON.stringify(shot.scene))}` : "";
  await page.setViewportSize({ width: phone ? 390 : 1280, height: phone ? 844 : 800 });
  await page.goto(origin + shot.path + scene);
  return page;
}

async function take(browser: Browser, shot: Shot, origin: string, out: string): Promise<void> {
  for (const phone of [true, false]) {
    const page = await openPage(browser, shot, phone, origin);
    if (shot.join) {
      await page.getByTestId("join").click();
      await page.waitForTimeout(900);
    }
    for (const key of shot.keys ?? []) await page.keyboard.press(key);
    for (const [size, [width, height]] of Object.entries(SIZES)) {
      if ((size === "phone") !== phone) continue;
      await page.setViewportSize({ width, height });
      for (const colorScheme of ["dark", "light"] as const) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(500);
        await page.screenshot({ path: join(out, `${shot.name}-${size}-${colorScheme}.png`) });
      }
    }
    await page.context().close();
  }
}

async function serve(outDir: string): Promise<PreviewServer> {
  const configFile = join(root, "vite.config.ts");
  await build({ configFile, plugins: [scripted], logLevel: "warn", build: { outDir } });
  return preview({ configFile, logLevel: "warn", build: { outDir }, preview: { host: "127.0.0.1", port: 0 } });
}

const only = option("only") ?? "";
const out = resolve(option("out") ?? join(root, "test-results/screenshots"));
const outDir = await mkdtemp(join(tmpdir(), "tandem-screenshots-"));
await mkdir(out, { recursive: true });
const server = await serve(outDir);
const origin = `http://127.0.0.1:${(server.httpServer.address() as AddressInfo).port}`;
const devices = ["--no-sandbox", "--use-fake-device-for-media-stream", "--deny-permission-prompts"];
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: devices });
try {
  for (const shot of SHOTS.filter(({ name }) => name.includes(only))) {
    await take(browser, shot, origin, out);
    console.log(shot.name);
  }
  console.log(`in ${out}`);
} finally {
  await browser.close();
  await server.close();
  await rm(outDir, { recursive: true });
}
