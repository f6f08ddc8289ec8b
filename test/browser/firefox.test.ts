import type { Browser, Page } from "playwright-core";
import type { Browser as FirefoxBrowser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Grants } from "../../src/protocol/index.ts";
import { expectAnswered, expectShown } from "../support/bare-page.ts";
import { type Driven, expectFrames, expectTopology, joinCall, mediaOf, until } from "../support/call-page.ts";
import { expectSound, expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { serveExample } from "../support/example-site.ts";
import { launchFirefox, openBlankFirefox, openFirefox } from "../support/firefox.ts";
import { createNamespace, joinNamespaces, type Namespace } from "../support/namespaces.ts";
import { startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

const TONES = { fox: 640, p0: 440, p1: 880 };

describe("Firefox in a call by a media node", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let people: Namespace;
  let chromium: Browser;
  let firefox: FirefoxBrowser;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    people = createNamespace("people");
    cleanup.add(people.close);
    const rack = createNamespace("rack");
    cleanup.add(rack.close);
    joinNamespaces(people, "10.78.0.1", rack, "10.78.0.2");
    await Promise.all([people.forward(edge.port), rack.forward(edge.port)]);
    const node = await startNode({ edge: edge.url, namespace: rack.name, listen: "10.78.0.2" });
    cleanup.add(node.stop);
    chromium = await launchChromium({ executablePath: people.wrap("/usr/bin/chromium") });
    cleanup.add(() => chromium.close());
    firefox = await launchFirefox(people, TONES.fox);
    cleanup.add(() => firefox.close());
  });
  afterAll(cleanup.run);

  it("is seen and heard by Chromium, and sees and hears it, by one exchange of descriptions", async () => {
    const token = (identity: string) => joinToken("mixed", identity);
    const fox = await openBlankFirefox(firefox, edge.url);
    const pages = [await openBlank(chromium, edge.url), await openBlank(chromium, edge.url)];
    await joinCall(fox, { url: edge.url, token: await token("fox"), tone: TONES.fox, hue: 0, microphone: "device" });
    for (const [who, page] of pages.entries()) {
      const identity = who === 0 ? "p0" : "p1";
      await joinCall(page, { url: edge.url, token: await token(identity), tone: TONES[identity], hue: 120 + who * 60 });
    }
    await expect.poll(async () => (await mediaOf(fox)).topology, { timeout: 45_000 }).toBe("sfu");
    await Promise.all(pages.map(page => expectTopology(page, "sfu")));
    await Promise.all(pages.map(page => expectFrames(page, "fox")));
    await Promise.all([expectFrames(fox, "p0"), expectFrames(fox, "p1")]);
    await expectTone(pages[0] as Page, "fox", TONES.fox, [TONES.p0]);
    await expectTone(pages[1] as Page, "fox", TONES.fox, [TONES.p1]);
    await Promise.all([expectSound(fox, "p0"), expectSound(fox, "p1")]);
    for (const page of [fox, ...pages]) expect((await mediaOf(page)).exchanges).toBe(1);
    for (const page of pages) await page.close();
  });

  it("publishes by WHIP and plays by WHEP in bare pages", async () => {
    const open = async (kind: "whip" | "whep", grants: Grants): Promise<Driven> => {
      const site = await serveExample(kind, edge, () => joinToken("stage", kind, grants));
      cleanup.add(site.close);
      await people.forward(site.port);
      return openFirefox(firefox, site.origin);
    };
    const end = (page: Driven) => page.evaluate(() => document.querySelector("button")?.click(), undefined);

    const encoder = await open("whip", { create: true, publish: ["mic", "camera"] });
    await expectAnswered(encoder);
    const player = await open("whep", { subscribe: ["mic", "camera"] });
    await expectShown(player);

    const guest = await openBlank(chromium, edge.url);
    await joinCall(guest, { url: edge.url, token: await joinToken("stage", "p0"), tone: TONES.p0, hue: 120 });
    await expectFrames(guest, "whip");
    await expectTone(guest, "whip", TONES.fox, [TONES.p0]);
    await end(encoder);
    await until(guest, () => window.tandem.room.store.get().participants.length === 1, undefined);
    await expectShown(player);
    await end(player);
    await until(guest, () => window.tandem.room.store.get().participants.length === 0, undefined);
  });
});
