import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectFrames, expectTone, expectTopology, joinCall } from "../support/call-page.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { type RunningNode, startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

const TONES = [440, 640, 840];

describe("a call whose media node fails", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let browser: Browser;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
  });
  afterAll(cleanup.run);

  const start = async (id: string): Promise<RunningNode> => {
    const node = await startNode({ edge: edge.url, id });
    cleanup.add(node.stop);
    return node;
  };

  /** Three pages in a call by a node. */
  const call = async (room: string): Promise<Page[]> => {
    const pages: Page[] = [];
    for (const who of [0, 1, 2]) {
      const page = await openBlank(browser, edge.url);
      await joinCall(page, {
        url: edge.url,
        token: await joinToken(room, `p${who}`),
        tone: TONES[who] ?? 0,
        hue: who * 90,
      });
      pages.push(page);
    }
    for (const page of pages) await expectTopology(page, "sfu");
    for (const [me, page] of pages.entries())
      for (const who of [0, 1, 2]) if (who !== me) await expectFrames(page, `p${who}`);
    return pages;
  };

  /** Everybody sees and hears everybody again, without a reload; ms from `since` until the last one sees a new frame. */
  const backTogether = async (pages: readonly Page[], since: number): Promise<number> => {
    const seen = pages.flatMap((page, me) =>
      [0, 1, 2].filter(who => who !== me).map(async who => expectFrames(page, `p${who}`, "camera", 1)),
    );
    await Promise.all(seen);
    const back = performance.now() - since;
    for (const [me, page] of pages.entries()) {
      for (const who of [0, 1, 2]) if (who !== me) await expectTone(page, `p${who}`, TONES[who] ?? 0, [TONES[me] ?? 0]);
    }
    return back;
  };

  it("goes on when its media worker is killed: the node starts another, people come back by themselves", async () => {
    const node = await start("test-worker");
    const pages = await call("worker");
    const [worker] = node.workerPids();
    process.kill(worker ?? 0, "SIGKILL");
    const since = performance.now();
    console.log(`a media worker killed: back after ${(await backTogether(pages, since)).toFixed(0)} ms`);
    expect(node.workerPids()).not.toContain(worker);
    for (const page of pages) await page.close();
    await node.stop();
  });

  it("moves to another node when its own is killed", async () => {
    const first = await start("test-first");
    const pages = await call("node");
    await start("test-second");
    await first.kill();
    const since = performance.now();
    console.log(`a media node killed: back after ${(await backTogether(pages, since)).toFixed(0)} ms`);
    for (const page of pages) await page.close();
  });
});
