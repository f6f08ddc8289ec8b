import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/call-page.ts";
import { launchChromium } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { serveExample } from "../support/example-site.ts";
import { joinToken } from "../support/tokens.ts";

describe("the ten lines of the README, in a page of another origin", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let origin: string;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    let tokens = 0;
    const site = await serveExample("embed", edge, () => joinToken("embed", `guest-${tokens++}`));
    cleanup.add(site.close);
    ({ origin } = site);
  });
  afterAll(cleanup.run);

  it("make a call: each of two pages plays the other's video", async () => {
    const browser = await launchChromium();
    cleanup.add(() => browser.close());
    const pages = [await browser.newPage(), await browser.newPage()];
    const errors: string[] = [];
    for (const page of pages) {
      page.on("pageerror", error => errors.push(String(error)));
      await page.goto(origin);
    }
    for (const page of pages) {
      await until(
        page,
        () => (document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames ?? 0) > 20,
        undefined,
      );
    }
    expect(errors).toEqual([]);
  });
});
