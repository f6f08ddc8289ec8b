import type { Browser } from "playwright-core";
import type { Browser as FirefoxBrowser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Driven, expectFrames, joinCall, mediaOf } from "../support/call-page.ts";
import { openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { openBlankFirefox } from "../support/firefox.ts";
import type { Home } from "../support/homes.ts";
import { type Lab, startLab } from "../support/nat-lab.ts";
import { joinToken } from "../support/tokens.ts";
import { wayOf } from "../support/way.ts";

const TONE = 640;

describe("Chromium and Firefox that use relays only", () => {
  const cleanup = createCleanup();
  let lab: Lab;
  let home: Home;
  let chromium: Browser;
  let firefox: FirefoxBrowser;

  beforeAll(async () => {
    lab = await startLab();
    cleanup.add(lab.close);
    home = await lab.settle("full-cone", 20);
    cleanup.add(home.close);
    chromium = await lab.chromium(home);
    cleanup.add(() => chromium.close());
    firefox = await lab.firefox(home, TONE);
    cleanup.add(() => firefox.close());
  });
  afterAll(cleanup.run);

  const enter = async (
    page: Driven,
    room: string,
    who: number,
    microphone: "tone" | "device" = "tone",
  ): Promise<void> =>
    joinCall(page, {
      url: lab.edge.url,
      token: await joinToken(room, `p${who}`),
      tone: 440,
      hue: 120 * who,
      microphone,
      iceTransportPolicy: "relay",
    });

  /** The home's firewall leaves them that one. */
  it.each([
    ["UDP", "udp dport 3478", "udp"],
    ["TCP", "tcp dport 3478", "tcp"],
    ["TLS", "tcp dport 443", "tls"],
  ] as const)("call each other over %s, from peer to peer and by a media node", async (_, outbound, protocol) => {
    home.allow(outbound);
    const { url } = lab.edge;
    const room = `relay-${protocol}`;
    const [first, second] = [await openBlank(chromium, url), await openBlankFirefox(firefox, url)];
    const pages: readonly Driven[] = [first, second];
    await enter(first, room, 0);
    // No AudioContext runs in the other.
    await enter(second, room, 1, "device");
    for (const [topology, peer] of [
      ["mesh", "relay"],
      ["sfu", "host"],
    ] as const) {
      if (topology === "sfu") await lab.toNode(room);
      for (const page of pages)
        await expect.poll(async () => (await mediaOf(page)).topology, { timeout: 45_000 }).toBe(topology);
      await Promise.all([expectFrames(first, "p1"), expectFrames(second, "p0")]);
      const way = `relay:${protocol} > ${peer} udp`;
      await expect
        .poll(() => Promise.all(pages.map(page => wayOf(page, topology))), { timeout: 10_000 })
        .toEqual([way, way]);
    }
    for (const page of pages) await page.close();
  });

  it("are left without within a second of being removed, whatever their page does, and get no other", async () => {
    home.allow("");
    const [first, second] = [await openBlank(chromium, lab.edge.url), await openBlank(chromium, lab.edge.url)];
    await enter(first, "removed", 0);
    await enter(second, "removed", 1);
    await Promise.all([expectFrames(first, "p1"), expectFrames(second, "p0")]);
    // A page that obeys nobody.
    const configuration = await second.evaluate(() => {
      RTCPeerConnection.prototype.close = () => {};
      return window.tandem.room.connections[0]?.connection.getConfiguration();
    }, undefined);

    const removedAt = Date.now();
    await first.evaluate(async () => {
      const { room } = window.tandem;
      const { pid } = room.store.get().participants.find(({ identity }) => identity === "p1") ?? {};
      await room.remove(String(pid));
    }, undefined);
    const ended = () =>
      lab.node.log.filter(({ message, reason }) => message === "allocation ended" && reason === "revoked");
    await expect.poll(() => ended().length).toBeGreaterThan(0);
    const refusals = await second.evaluate(async configuration => {
      const connection = new RTCPeerConnection(configuration);
      const refused: number[] = [];
      connection.onicecandidateerror = event => refused.push(event.errorCode);
      connection.createDataChannel("another");
      const gathered: string[] = [];
      await new Promise<void>(resolve => {
        connection.onicecandidate = ({ candidate }) => (candidate ? gathered.push(candidate.candidate) : resolve());
        void connection.setLocalDescription();
      });
      return { refused: [...new Set(refused)], gathered: gathered.filter(Boolean) };
    }, configuration);
    expect(refusals).toEqual({ refused: [401], gathered: [] });
    for (const { at } of ended()) expect(Date.parse(String(at)) - removedAt).toBeLessThan(1_000);
    for (const page of [first, second]) await page.close();
  });
});
