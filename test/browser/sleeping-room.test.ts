import { setTimeout as elapse } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, describe, expect, it } from "vitest";
import { expectFrames, expectTopology, joinCall } from "../support/call-page.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

/** How long the call merely runs. */
const CALL = 60_000;

describe("a call of four by a media node", () => {
  const cleanup = createCleanup();
  afterAll(cleanup.run);

  it(
    "runs for a minute, speakers and all, while nothing of the room object runs",
    async () => {
      const edge = await startEdge({ vars: { LOG_LEVEL: "debug" } });
      cleanup.add(edge.stop);
      const node = await startNode({ edge: edge.url });
      cleanup.add(node.stop);
      const browser = await launchChromium();
      cleanup.add(() => browser.close());
      const wakes = (): string[] =>
        edge.log.filter(line => line.includes('"event":"wake"') && line.includes('"room":"asleep"'));

      const pages: Page[] = [];
      for (const who of [0, 1, 2, 3]) {
        const page = await openBlank(browser, edge.url);
        const token = await joinToken("asleep", `p${who}`);
        await joinCall(page, { url: edge.url, token, tone: 440 + 200 * who, hue: who * 90 });
        pages.push(page);
      }
      const everybodySees = (): Promise<unknown> =>
        Promise.all(
          pages.flatMap((page, me) => [0, 1, 2, 3].filter(who => who !== me).map(who => expectFrames(page, `p${who}`))),
        );
      for (const page of pages) await expectTopology(page, "sfu");
      await everybodySees();
      expect(wakes().length).toBeGreaterThan(0);

      // Coalesced work of the joins (the report to the directory) may still be due.
      await elapse(5_000);
      const before = wakes().length;
      await elapse(CALL);
      expect(wakes().slice(before)).toEqual([]);
      await everybodySees();
    },
    CALL + 90_000,
  );
});
