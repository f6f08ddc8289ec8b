import type { Browser, Page } from "playwright-core";
import type { Browser as FirefoxBrowser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Driven, expectFrames, joinCall, mediaOf } from "../support/call-page.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { launchFirefox, openBlankFirefox } from "../support/firefox.ts";
import { createNamespace, joinNamespaces } from "../support/namespaces.ts";
import { startNode } from "../support/node.ts";
import { apiToken, joinToken } from "../support/tokens.ts";
import { wayOf } from "../support/way.ts";

const RACK = "10.79.0.2";

/** Not even between pages of one browser. */
const WITHOUT_UDP = `
table inet firewall {
  chain out {
    type filter hook output priority filter
    meta l4proto udp drop
  }
}`;

describe("people whose network lets no UDP out, without a TURN server", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let chromium: Browser;
  let firefox: FirefoxBrowser;

  beforeAll(async () => {
    const people = createNamespace("people");
    cleanup.add(people.close);
    const rack = createNamespace("rack");
    cleanup.add(rack.close);
    joinNamespaces(people, "10.79.0.1", rack, RACK);
    people.nft(WITHOUT_UDP);
    edge = await startEdge();
    cleanup.add(edge.stop);
    await Promise.all([people.forward(edge.port), rack.forward(edge.port)]);
    const settings = { turn: "off" };
    const node = await startNode({ edge: edge.url, namespace: rack.name, listen: RACK, settings });
    cleanup.add(node.stop);
    chromium = await launchChromium({ executablePath: people.wrap("/usr/bin/chromium") });
    cleanup.add(() => chromium.close());
    firefox = await launchFirefox(people, 640);
    cleanup.add(() => firefox.close());
  });
  afterAll(cleanup.run);

  it("call each other by TCP to the media node, Chromium and Firefox", async () => {
    const created = await fetch(`${edge.url}/v1/rooms`, {
      method: "POST",
      headers: { authorization: `Bearer ${await apiToken()}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "tcp", topology: "sfu" }),
    });
    expect(created.ok).toBe(true);
    const [page, fox] = await Promise.all([openBlank(chromium, edge.url), openBlankFirefox(firefox, edge.url)]);
    const enter = async (who: Page | Driven, identity: string, microphone: "tone" | "device") =>
      joinCall(who, { url: edge.url, token: await joinToken("tcp", identity), tone: 440, hue: 120, microphone });
    await Promise.all([enter(page, "chromium", "tone"), enter(fox, "firefox", "device")]);
    await Promise.all([expectFrames(page, "firefox"), expectFrames(fox, "chromium")]);
    for (const who of [page, fox]) {
      expect(await wayOf(who, "sfu")).toMatch(/^(host|prflx) > host tcp$/);
      expect(await mediaOf(who)).toMatchObject({ topology: "sfu", exchanges: 1 });
    }
  });
});
