import { setTimeout as elapse } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectFrames, expectTopology, joinCall, until } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

/** How long the call merely runs. */
const CALL = 60_000;
/** How long a room is quiet when nothing of the joins is due any more. */
const QUIET = 5_000;
const TONES = [430, 520, 610, 700];
const PEOPLE = [...TONES.keys()];

/** Frames decoded so far, by stream. */
const framesOf = (page: Page): Promise<Record<string, number>> =>
  page.evaluate(async () => {
    const frames: Record<string, number> = {};
    for (const { connection } of window.tandem.room.connections)
      for (const report of (await connection.getStats()).values())
        if (report.type === "inbound-rtp" && report.framesDecoded > 0) frames[report.ssrc] = report.framesDecoded;
    return frames;
  });

describe("a call of four by a media node", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let browser: Browser;

  beforeAll(async () => {
    edge = await startEdge({ vars: { LOG_LEVEL: "debug" } });
    cleanup.add(edge.stop);
    const node = await startNode({ edge: edge.url });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
  });
  afterAll(cleanup.run);

  /** What ran in the room object, by its own log at debug: constructors, handlers, alarms. */
  const wakes = (): string[] =>
    edge.log.filter(line => line.includes('"event":"wake"') && line.includes('"room":"sleeping"'));

  it(
    "runs for a minute while nothing of its room object runs",
    async () => {
      const pages: Page[] = [];
      for (const who of PEOPLE) {
        const page = await openBlank(browser, edge.url);
        const token = await joinToken("sleeping", `p${who}`);
        await joinCall(page, { url: edge.url, token, tone: TONES[who] ?? 0, hue: who * 90 });
        pages.push(page);
      }
      const [first, second] = pages as [Page, Page];
      for (const page of pages) await expectTopology(page, "sfu");
      await Promise.all(
        pages.flatMap((page, me) => PEOPLE.filter(who => who !== me).map(who => expectFrames(page, `p${who}`))),
      );
      await expectTone(first, "p1", TONES[1] ?? 0, [TONES[0] ?? 0]);

      let before = -1;
      while (before !== wakes().length) {
        before = wakes().length;
        await elapse(QUIET);
      }
      expect(before).toBeGreaterThan(0);
      const start = await Promise.all(pages.map(framesOf));
      await elapse(CALL);
      const end = await Promise.all(pages.map(framesOf));
      expect(wakes().slice(before)).toEqual([]);

      for (const [me, frames] of end.entries()) {
        const shown = Object.entries(frames).map(([ssrc, count]) => count - (start[me]?.[ssrc] ?? 0));
        expect(shown).toHaveLength(3);
        // 600 were sent of each.
        expect(Math.min(...shown)).toBeGreaterThan(300);
      }
      await expectTone(first, "p1", TONES[1] ?? 0, [TONES[0] ?? 0]);

      await second.evaluate(() => window.tandem.room.chat.send("awake?"));
      await until(first, () => window.tandem.room.store.get().chat.length === 1, undefined);
      expect(wakes().slice(before).join()).toContain("constructor");
    },
    CALL + 120_000,
  );
});
