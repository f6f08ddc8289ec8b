import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectFrames, expectTopology, joinCall, mediaOf, until } from "../support/call-page.ts";
import { expectNoTone, expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { type RunningNode, startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

/** Far enough from each other, and from each other's overtones, to be told apart. */
const TONES = [430, 520, 610, 700, 790, 880, 970, 1_060, 1_150];
const toneOf = (who: number): number => TONES[who] ?? 0;

describe("a call by a media node", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let node: RunningNode;
  let browser: Browser;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    node = await startNode({ edge: edge.url });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
  });
  afterAll(cleanup.run);

  const open: Page[] = [];
  // Also where a test failed: pages that call on would take the others' time.
  afterEach(async () => {
    for (const page of open.splice(0)) await page.close();
  });

  const enter = async (room: string, who: number): Promise<Page> => {
    const page = await openBlank(browser, edge.url);
    open.push(page);
    await joinCall(page, { url: edge.url, token: await joinToken(room, `p${who}`), tone: toneOf(who), hue: who * 40 });
    return page;
  };
  const others = (count: number, me: number): number[] =>
    Array.from({ length: count }, (_, who) => who).filter(who => who !== me);

  it.each([3, 5])("shows everybody to everybody and lets each be heard, with %i pages", async count => {
    const pages = await Promise.all(Array.from({ length: count }, (_, who) => enter(`sfu-${count}`, who)));
    for (const page of pages) await expectTopology(page, "sfu");
    await Promise.all(pages.flatMap((page, me) => others(count, me).map(who => expectFrames(page, `p${who}`))));
    // All talk at once and the loudest are chosen; three at a time is what a conversation has.
    for (const [me, page] of pages.entries()) {
      for (const who of others(count, me)) await expectTone(page, `p${who}`, toneOf(who), [toneOf(me)]);
    }
    for (const page of pages) expect(await mediaOf(page)).toEqual({ topology: "sfu", reason: "many", exchanges: 1 });
  });

  it("shows nine pages to each other", async () => {
    const count = 9;
    const pages: Page[] = [];
    for (let who = 0; who < count; who++) pages.push(await enter("sfu-9", who));
    for (const page of pages) await expectTopology(page, "sfu");
    await Promise.all(pages.flatMap((page, me) => others(count, me).map(who => expectFrames(page, `p${who}`))));
    for (const page of pages) expect((await mediaOf(page)).exchanges).toBe(1);
  });

  it("carries joins, leaves, mutes, another track and screen shares without another word of SDP", async () => {
    const pages = [await enter("changes", 0), await enter("changes", 1), await enter("changes", 2)];
    const [first, second, third] = pages as [Page, Page, Page];
    for (const page of pages) await expectTopology(page, "sfu");
    for (const who of [1, 2]) await expectTone(first, `p${who}`, toneOf(who));

    await second.evaluate(() => window.tandem.sources.get("mic")?.mute());
    await expectNoTone(first, "p1", toneOf(1));
    await second.evaluate(() => window.tandem.sources.get("mic")?.unmute());
    await expectTone(first, "p1", toneOf(1));

    await third.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
      const paint = canvas.getContext("2d");
      setInterval(() => paint?.fillRect(Math.random() * 300, Math.random() * 160, 20, 20), 100);
      const track = canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack;
      await window.tandem.sources.get("camera")?.replaceTrack(track);
      const screen = canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack;
      window.tandem.sources.set("screen", await window.tandem.room.publish(screen, { kind: "screen" }));
    });
    for (const page of [first, second]) {
      await expectFrames(page, "p2");
      await expectFrames(page, "p2", "screen");
    }
    await third.evaluate(() => window.tandem.sources.get("screen")?.unpublish());

    const fourth = await enter("changes", 3);
    await expectFrames(first, "p3");
    await expectFrames(fourth, "p0");
    await fourth.evaluate(() => window.tandem.room.leave());
    await until(first, () => window.tandem.room.store.get().participants.length === 2, undefined);
    await expectFrames(first, "p1");
    for (const page of pages) expect((await mediaOf(page)).exchanges).toBe(1);
  });

  it("is mute at the node for whoever a moderator has muted, whatever that page sends", async () => {
    const pages = [await enter("forced", 0), await enter("forced", 1), await enter("forced", 2)];
    const [first, second] = pages as [Page, Page, Page];
    for (const page of pages) await expectTopology(page, "sfu");
    await expectTone(first, "p1", toneOf(1));
    // A client that does not obey: its senders keep their tracks.
    await second.evaluate(() => {
      RTCRtpSender.prototype.replaceTrack = async () => {};
    });
    await first.evaluate(() => {
      const { room } = window.tandem;
      const source = room.store
        .get()
        .participants.find(({ identity }) => identity === "p1")
        ?.sources.find(({ kind }) => kind === "mic");
      return room.mute(source?.number ?? 0);
    });
    await expectNoTone(first, "p1", toneOf(1));
  });
});
