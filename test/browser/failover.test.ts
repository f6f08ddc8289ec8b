import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectFrames, expectTopology, joinCall, until, watchCrossing } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
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

  const roomsOf = async (node: RunningNode): Promise<number> => {
    const metrics = await (await fetch(`http://127.0.0.1:${node.adminPort}/metrics`)).text();
    return Number(/^tandem_rooms (\d+)$/m.exec(metrics)?.[1]);
  };

  const epochOf = (page: Page): Promise<number> =>
    page.evaluate(() => window.tandem.room.store.get().topology.epoch ?? 0);

  /** `fail` something; everybody sees and hears everybody again, without a reload. The longest time without a frame, ms. */
  const survive = async (pages: readonly Page[], fail: () => unknown): Promise<number> => {
    const epoch = await epochOf(pages[0] as Page);
    const watches = await Promise.all(pages.map((page, me) => watchCrossing(page, `p${(me + 1) % 3}`)));
    await fail();
    for (const page of pages) {
      await until(page, epoch => (window.tandem.room.store.get().topology.epoch ?? 0) > epoch, epoch);
    }
    await Promise.all(
      pages.flatMap((page, me) => [0, 1, 2].filter(who => who !== me).map(who => expectFrames(page, `p${who}`))),
    );
    const crossings = await Promise.all(watches.map(stop => stop()));
    for (const [me, page] of pages.entries()) {
      for (const who of [0, 1, 2]) if (who !== me) await expectTone(page, `p${who}`, TONES[who] ?? 0, [TONES[me] ?? 0]);
    }
    return Math.max(...crossings.map(({ gap }) => gap));
  };

  it("goes on when its media worker is killed: the node starts another, people come back by themselves", async () => {
    const node = await start("test-worker");
    const pages = await call("worker");
    const [worker] = node.workerPids();
    const gap = await survive(pages, () => process.kill(worker ?? 0, "SIGKILL"));
    console.log(`a media worker killed: ${gap.toFixed(0)} ms without a frame`);
    expect(node.workerPids()).not.toContain(worker);
    for (const page of pages) await page.close();
    await node.stop();
  });

  it("moves to another node when its own is killed", async () => {
    const first = await start("test-first");
    const pages = await call("node");
    const second = await start("test-second");
    const gap = await survive(pages, first.kill);
    console.log(`a media node killed: ${gap.toFixed(0)} ms without a frame`);
    for (const page of pages) await page.close();
    await second.stop();
  });

  it("moves to another node when its own freezes, which lets go of the room once it thaws", async () => {
    const first = await start("test-frozen");
    const pages = await call("frozen");
    await start("test-spare");
    const gap = await survive(pages, first.freeze);
    console.log(`a media node frozen: ${gap.toFixed(0)} ms without a frame`);
    first.thaw();
    await expect.poll(() => roomsOf(first), { timeout: 20_000 }).toBe(0);
    for (const page of pages) await page.close();
  });
});
