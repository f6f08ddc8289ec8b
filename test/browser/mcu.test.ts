import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectShown, hearPlayer } from "../support/bare-page.ts";
import { watchSilence } from "../support/call-gap.ts";
import { expectFrames, expectTopology, joinCall, mediaOf, until } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

const TONES = [430, 610, 790];
/** What a change between mix and sources may cost of sound (ms), in the median of so many. */
const GAP = 200;
const ROUNDS = 3;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** Waits until packets come on exactly this many of a page's audio lines. */
const expectAudioStreams = (page: Page, count: number): Promise<void> =>
  page.evaluate(async wanted => {
    const packets = async (): Promise<Map<string, number>> => {
      const counts = new Map<string, number>();
      for (const { connection } of window.tandem.room.connections) {
        for (const report of (await connection.getStats()).values()) {
          if (report.type === "inbound-rtp" && report.kind === "audio") counts.set(report.mid, report.packetsReceived);
        }
      }
      return counts;
    };
    const deadline = performance.now() + 15_000;
    for (;;) {
      const before = await packets();
      await new Promise(resolve => setTimeout(resolve, 500));
      const after = await packets();
      const flowing = [...after].filter(([mid, count]) => count > (before.get(mid) ?? 0)).length;
      if (flowing === wanted) return;
      if (performance.now() > deadline) throw new Error(`sound on ${flowing} lines instead of ${wanted}`);
    }
  }, count);

describe("a room that is mixed", () => {
  const cleanup = createCleanup();
  const room = "mixed";
  let edge: Edge;
  let browser: Browser;
  let pages: Page[];

  const ask = async (method: string, path: string, body: unknown): Promise<void> => {
    const headers = { authorization: `Bearer ${await apiToken()}`, "content-type": "application/json" };
    const response = await fetch(edge.url + path, { method, headers, body: JSON.stringify(body) });
    expect(response.ok, await response.text()).toBe(true);
  };

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    const node = await startNode({ edge: edge.url });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
    await ask("POST", "/v1/rooms", { name: room, topology: "mcu" });
    pages = await Promise.all(
      TONES.map(async (tone, who) => {
        const page = await openBlank(browser, edge.url);
        await joinCall(page, { url: edge.url, token: await joinToken(room, `p${who}`), tone, hue: who * 90 });
        return page;
      }),
    );
    for (const page of pages) await expectTopology(page, "mcu");
  });
  afterAll(cleanup.run);

  it("is one stream of sound for each page, with the others in it and not itself", async () => {
    for (const [me, page] of pages.entries()) {
      for (const [who, tone] of TONES.entries()) if (who !== me) await expectTone(page, "mix", tone, [TONES[me] ?? 0]);
      await expectAudioStreams(page, 1);
      await until(page, () => (window.tandem.room.store.get().mix?.speakers.length ?? 0) >= 2, undefined);
      const own = await page.evaluate(() =>
        window.tandem.room.store
          .get()
          .participants.flatMap(({ sources }) => sources.filter(({ kind, track }) => kind === "mic" && track)),
      );
      expect(own).toEqual([]);
      expect((await mediaOf(page)).exchanges).toBe(1);
    }
  });

  it("shows each page one picture: of who speaks", async () => {
    const [page] = pages as [Page];
    await until(
      page,
      () => {
        const { participants } = window.tandem.room.store.get();
        return (
          participants.flatMap(({ sources }) => sources.filter(({ track }) => track?.kind === "video")).length === 1
        );
      },
      undefined,
    );
    const shown = await page.evaluate(
      () =>
        window.tandem.room.store
          .get()
          .participants.find(({ sources }) => sources.some(({ track }) => track?.kind === "video"))?.identity,
    );
    await expectFrames(page, shown ?? "");
  });

  it("is left and entered again by one page alone, without a hole in what it hears", async () => {
    const [page, other] = pages as [Page, Page];
    const silence = await watchSilence(page);
    const gaps = { toSources: [] as number[], toMix: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      await page.evaluate(() => window.tandem.room.listen("sources"));
      for (const who of [1, 2]) await expectTone(page, `p${who}`, TONES[who] ?? 0, [TONES[0] ?? 0]);
      await expectAudioStreams(page, 2);
      gaps.toSources.push(await silence());

      await page.evaluate(() => window.tandem.room.listen("mix"));
      await until(page, () => window.tandem.room.store.get().mix !== undefined, undefined);
      for (const who of [1, 2]) await expectTone(page, "mix", TONES[who] ?? 0, [TONES[0] ?? 0]);
      await expectAudioStreams(page, 1);
      gaps.toMix.push(await silence());
    }
    await expectAudioStreams(other, 1);
    console.log(
      `longest silence, median of ${ROUNDS}: to sources ${median(gaps.toSources).toFixed(0)} ms, to the mix ${median(gaps.toMix).toFixed(0)} ms`,
    );
    expect(median(gaps.toSources)).toBeLessThanOrEqual(GAP);
    expect(median(gaps.toMix)).toBeLessThanOrEqual(GAP);
  });

  it("is what a bare player plays that asks for it", async () => {
    const player = await openBlank(browser, edge.url);
    const token = await joinToken(room, "player", { subscribe: ["mix", "camera"] });
    await player.goto(`${edge.url}/watch/${room}/mix#t=${token}`);
    await player.locator('[data-testid="player"][data-state="live"]').waitFor();
    await expectShown(player);
    await hearPlayer(player, "mix");
    for (const tone of TONES) await expectTone(player, "mix", tone);
    await player.close();
  });

  it("becomes one of sources for all, and back, as the operator says", async () => {
    const [page] = pages as [Page];
    await page.evaluate(() => window.tandem.room.listen(null));
    await ask("PATCH", `/v1/rooms/${room}`, { topology: "sfu" });
    await expectTopology(page, "sfu");
    await expectTone(page, "p1", TONES[1] ?? 0, [TONES[0] ?? 0]);
    await ask("PATCH", `/v1/rooms/${room}`, { topology: "mcu" });
    await expectTopology(page, "mcu");
    await expectAudioStreams(page, 1);
    await expectTone(page, "mix", TONES[1] ?? 0, [TONES[0] ?? 0]);
    expect((await mediaOf(page)).exchanges).toBe(1);
  });
});
