import type { Browser } from "playwright-core";
import type { Browser as FirefoxBrowser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Driven, expectFrames, joinCall, mediaOf } from "../support/call-page.ts";
import { openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { openBlankFirefox } from "../support/firefox.ts";
import type { Home } from "../support/homes.ts";
import { type Lab, startLab } from "../support/nat-lab.ts";
import { joinToken } from "../support/tokens.ts";
import { wayOf } from "../support/way.ts";

const TONE = 640;

describe("Chromium and Firefox that use relays only", () => {
  const cleanup = createCleanup();
  let lab: Lab;
  let home: Home;
  let chromium: Browser;
  let firefox: FirefoxBrowser;

  beforeAll(async () => {
    lab = await startLab();
    cleanup.add(lab.close);
    home = await lab.settle("full-cone", 20);
    cleanup.add(home.close);
    chromium = await lab.chromium(home);
    cleanup.add(() => chromium.close());
    firefox = await lab.firefox(home, TONE);
    cleanup.add(() => firefox.close());
  });
  afterAll(cleanup.run);

  /** The home's firewall leaves them that one. */
  it.each([
    ["UDP", "full-cone", "udp"],
    ["TCP", "udp-blocked", "tcp"],
    ["TLS", "https-only", "tls"],
  ] as const)("call each other over %s, from peer to peer and by a media node", async (_, surroundings, protocol) => {
    home.change(surroundings);
    const { url } = lab.edge;
    const room = `relay-${protocol}`;
    const [first, second] = [await openBlank(chromium, url), await openBlankFirefox(firefox, url)];
    const pages: readonly Driven[] = [first, second];
    for (const [who, page] of pages.entries()) {
      await joinCall(page, {
        url,
        token: await joinToken(room, `p${who}`),
        tone: 440,
        hue: 120 * who,
        microphone: who === 0 ? "tone" : "device",
        iceTransportPolicy: "relay",
      });
    }
    for (const [topology, peer] of [
      ["mesh", "relay"],
      ["sfu", "host"],
    ] as const) {
      if (topology === "sfu") await lab.toNode(room);
      for (const page of pages)
        await expect.poll(async () => (await mediaOf(page)).topology, { timeout: 45_000 }).toBe(topology);
      await Promise.all([expectFrames(first, "p1"), expectFrames(second, "p0")]);
      const way = `relay:${protocol} > ${peer} udp`;
      await expect
        .poll(() => Promise.all(pages.map(page => wayOf(page, topology))), { timeout: 10_000 })
        .toEqual([way, way]);
    }
    for (const page of pages) await page.close();
  });
});
