import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectFrames, expectTopology, joinCall, watchCrossing } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

const ROUNDS = 5;
/** What two who talk may notice of a third coming and going: at 10 frames a second one frame is 100 ms. */
const GAP = 1_000;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe("a call of two, then three, then two", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let browser: Browser;

  beforeAll(async () => {
    edge = await startEdge({ vars: { MESH_AFTER: "1" } });
    cleanup.add(edge.stop);
    const node = await startNode({ edge: edge.url });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
  });
  afterAll(cleanup.run);

  const enter = async (who: number): Promise<Page> => {
    const page = await openBlank(browser, edge.url);
    const tone = [440, 640, 840][who] ?? 0;
    await joinCall(page, { url: edge.url, token: await joinToken("crossing", `p${who}`), tone, hue: who * 90 });
    return page;
  };

  it("goes from peer to peer to the node and back, each way made before the other is broken", async () => {
    const [first, second] = [await enter(0), await enter(1)];
    await expectFrames(first, "p1");
    const gaps = { toNode: [] as number[], toMesh: [] as number[] };
    for (let round = 0; round < ROUNDS; round++) {
      await expectTopology(first, "mesh");
      const toNode = await watchCrossing(first, "p1");
      const third = await enter(2);
      for (const page of [first, second, third]) await expectTopology(page, "sfu");
      await expectFrames(first, "p1");
      const there = await toNode();
      expect(there.framesAtBreak).toBeGreaterThan(0);
      gaps.toNode.push(there.gap);

      const toMesh = await watchCrossing(first, "p1");
      await third.close();
      for (const page of [first, second]) await expectTopology(page, "mesh");
      await expectFrames(first, "p1");
      const back = await toMesh();
      expect(back.framesAtBreak).toBeGreaterThan(0);
      gaps.toMesh.push(back.gap);
    }
    await expectTone(first, "p1", 640, [440]);
    const [there, back] = [median(gaps.toNode), median(gaps.toMesh)];
    console.log(
      `longest time without a frame, median of ${ROUNDS}: to the node ${there.toFixed(0)} ms, back ${back.toFixed(0)} ms`,
    );
    expect(there).toBeLessThanOrEqual(GAP);
    expect(back).toBeLessThanOrEqual(GAP);
  }, 240_000);
});
