import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/call-page.ts";
import { launchChromium } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { joinToken } from "../support/tokens.ts";

describe("the ten lines of the README, in a page of another origin", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let origin: string;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    const example = await readFile(new URL("../../examples/embed/index.html", import.meta.url), "utf8");
    let tokens = 0;
    const site = createServer(async (request, response) => {
      if (request.url === "/token")
        return response.end(JSON.stringify({ token: await joinToken("embed", `guest-${tokens++}`) }));
      response.setHeader("content-type", "text/html");
      return response.end(example.replaceAll("https://calls.example.com", edge.url));
    });
    await new Promise<void>(resolve => site.listen(0, "127.0.0.1", resolve));
    cleanup.add(() => {
      site.closeAllConnections();
      site.close();
    });
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
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
