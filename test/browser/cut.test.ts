import { setTimeout as elapse } from "node:timers/promises";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { expectFrames, joinCall, until } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { createNamespace, type Forward, joinNamespaces, type Namespace } from "../support/namespaces.ts";
import { joinToken } from "../support/tokens.ts";

/** How long the network is gone. */
const OUTAGE = 10_000;

describe("a page whose whole network is cut for ten seconds", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let left: Namespace;
  let right: Namespace;
  let cable: Forward;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    left = createNamespace("left");
    cleanup.add(left.close);
    right = createNamespace("right");
    cleanup.add(right.close);
    joinNamespaces(left, "10.77.0.1", right, "10.77.0.2");
    cable = await left.forward(edge.port);
    await right.forward(edge.port);
  });
  afterAll(cleanup.run);

  const openIn = async (namespace: Namespace): Promise<Page> => {
    const browser = await launchChromium({ executablePath: namespace.wrap("/usr/bin/chromium") });
    cleanup.add(() => browser.close());
    return openBlank(browser, edge.url);
  };

  it("has media and chat back without a reload, and missed nothing", async () => {
    const [one, two] = [await openIn(left), await openIn(right)];
    await joinCall(one, { url: edge.url, token: await joinToken("cut", "p0"), tone: 440, hue: 0 });
    await joinCall(two, { url: edge.url, token: await joinToken("cut", "p1"), tone: 880, hue: 120 });
    await Promise.all([expectFrames(one, "p1"), expectFrames(two, "p0")]);

    left.ip("link", "set", "eth0", "down");
    cable.cut();
    await until(one, () => window.tandem.room.store.get().status === "reconnecting", undefined);
    // Said while one side is away; it must arrive all the same.
    await two.evaluate(() => window.tandem.room.chat.send("are you there?"));
    const unsent = one.evaluate(() => window.tandem.room.chat.send("back again"));
    await elapse(OUTAGE);
    left.ip("link", "set", "eth0", "up");
    left.ip("route", "replace", "default", "dev", "eth0");
    cable.mend();

    await until(one, () => window.tandem.room.store.get().status === "connected", undefined);
    await unsent;
    for (const page of [one, two]) {
      await until(
        page,
        () => {
          const texts = window.tandem.room.store.get().chat.map(({ text }) => text);
          return texts.length === 2 && texts.includes("are you there?") && texts.includes("back again");
        },
        undefined,
      );
    }
    await Promise.all([expectFrames(one, "p1", "camera", 10, 20_000), expectFrames(two, "p0", "camera", 10, 20_000)]);
    await Promise.all([expectTone(one, "p1", 880, [440]), expectTone(two, "p0", 440, [880])]);
  });
});
