import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { expectFrames, joinCall, until } from "../support/call-page.ts";
import { expectNoTone, expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { joinToken } from "../support/tokens.ts";

const TONES = [440, 620, 880, 1_180] as const;

describe("a mesh call of SDK pages through real workerd", () => {
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

  const enter = async (room: string, index: number): Promise<Page> => {
    const page = await openBlank(browser, edge.url);
    const token = await joinToken(room, `p${index}`);
    await joinCall(page, { url: edge.url, token, tone: TONES[index] ?? 440, hue: index * 90 });
    return page;
  };

  const everyPairTalks = async (pages: readonly Page[]): Promise<void> => {
    const pairs = pages.flatMap((page, me) =>
      pages.map((_, other) => ({ page, me, other })).filter(({ other }) => other !== me),
    );
    await Promise.all(
      pairs.map(async ({ page, me, other }) => {
        await expectFrames(page, `p${other}`);
        await expectTone(page, `p${other}`, TONES[other] ?? 440, [TONES[me] ?? 440]);
      }),
    );
  };

  it("shows and plays each of two to the other", async () => {
    const pages = [await enter("two", 0), await enter("two", 1)];
    await everyPairTalks(pages);
    for (const page of pages) await page.close();
  });

  it("shows and plays each of four to every other, and carries chat, mute, screen share and a leave", async () => {
    const pages = await Promise.all([0, 1, 2, 3].map(index => enter("four", index)));
    const [first, second, third, fourth] = pages as [Page, Page, Page, Page];
    await everyPairTalks(pages);

    await first.evaluate(() => window.tandem.room.chat.send("hello, all"));
    for (const page of pages)
      await until(page, () => window.tandem.room.store.get().chat.at(-1)?.text === "hello, all", undefined);

    await second.evaluate(() => window.tandem.sources.get("mic")?.mute());
    const isMuted = (muted: boolean) => {
      const { participants } = window.tandem.room.store.get();
      return (
        participants.find(({ identity }) => identity === "p1")?.sources.find(({ kind }) => kind === "mic")?.muted ===
        muted
      );
    };
    await until(first, isMuted, true);
    await expectNoTone(first, "p1", TONES[1]);
    await second.evaluate(() => window.tandem.sources.get("mic")?.unmute());
    await until(first, isMuted, false);
    await expectTone(first, "p1", TONES[1]);

    await third.evaluate(async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
      const paint = canvas.getContext("2d");
      setInterval(() => paint?.fillRect(Math.random() * 600, Math.random() * 300, 40, 40), 100);
      const track = canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack;
      window.tandem.sources.set("screen", await window.tandem.room.publish(track, { kind: "screen" }));
    });
    await Promise.all([first, second, fourth].map(page => expectFrames(page, "p2", "screen")));
    await third.evaluate(() => window.tandem.sources.get("screen")?.unpublish());
    await until(
      first,
      () =>
        window.tandem.room.store
          .get()
          .participants.every(({ sources }) => sources.every(({ kind }) => kind !== "screen")),
      undefined,
    );

    await fourth.evaluate(() => window.tandem.room.leave());
    for (const page of [first, second, third]) {
      await until(page, () => window.tandem.room.store.get().participants.length === 2, undefined, 3_000);
    }
    await everyPairTalks([first, second, third]);
  });
});
