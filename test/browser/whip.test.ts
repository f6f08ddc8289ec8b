import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Grants } from "../../src/protocol/index.ts";
import { expectAnswered, expectShown, hearPlayer } from "../support/bare-page.ts";
import { expectFrames, joinCall, until } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { serveExample } from "../support/example-site.ts";
import { startNode } from "../support/node.ts";
import { joinToken } from "../support/tokens.ts";

const ROOM = "stage";
const ENCODER_TONE = 520;
const GUEST_TONE = 880;

/** In place of the camera and microphone of the page: fake devices all beep alike. */
function fakeDevices(tone: number): void {
  navigator.mediaDevices.getUserMedia = async () => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const paint = canvas.getContext("2d");
    setInterval(() => paint?.fillRect(Math.random() * 300, Math.random() * 160, 20, 20), 100);
    const context = new AudioContext();
    const out = new MediaStreamAudioDestinationNode(context);
    const oscillator = new OscillatorNode(context, { frequency: tone });
    oscillator.connect(new GainNode(context, { gain: 0.4 })).connect(out);
    oscillator.start();
    return new MediaStream([...canvas.captureStream(10).getTracks(), ...out.stream.getTracks()]);
  };
}

declare global {
  interface Window {
    /** The ufrag that media goes by before and after, and what three PATCHes were answered: stale, candidates, restart. */
    restartIce(): Promise<{ before: string; after: string; statuses: number[] }>;
  }
}

/** Publish a canvas by WHIP, and leave {@link Window.restartIce} to do the rest. */
async function publishOnce({ endpoint, token }: { endpoint: string; token: string }): Promise<void> {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const paint = canvas.getContext("2d");
  setInterval(() => paint?.fillRect(Math.random() * 300, Math.random() * 160, 20, 20), 100);
  const connection = new RTCPeerConnection();
  const [track] = canvas.captureStream(10).getTracks();
  if (track) connection.addTransceiver(track, { direction: "sendonly" });
  await connection.setLocalDescription();
  const ask = (method: string, url: string | URL, type: string, body: string, more = {}): Promise<Response> =>
    fetch(url, { method, body, headers: { authorization: `Bearer ${token}`, "content-type": type, ...more } });
  const posted = await ask("POST", endpoint, "application/sdp", connection.localDescription?.sdp ?? "");
  const answer = await posted.text();
  await connection.setRemoteDescription({ type: "answer", sdp: answer });
  const session = new URL(posted.headers.get("location") ?? "", endpoint);

  /** The local ufrag of the transport once it stands: by the browser's own account. */
  const ufragOf = async (not?: string): Promise<string> => {
    for (;;) {
      for (const report of (await connection.getStats()).values()) {
        const { type, iceState, iceLocalUsernameFragment: ufrag } = report;
        if (type === "transport" && ufrag !== not && /connected|completed/.test(iceState)) return ufrag;
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  };
  window.restartIce = async () => {
    const before = await ufragOf();
    const patch = async (etag: string): Promise<Response> => {
      const sdp = connection.localDescription?.sdp ?? "";
      const lines = sdp.split("\r\n").filter(line => /^(m=|a=mid:|a=ice-ufrag:|a=ice-pwd:)/.test(line));
      const type = "application/trickle-ice-sdpfrag";
      return ask("PATCH", session, type, `${lines.join("\r\n")}\r\n`, { "if-match": etag });
    };
    const first = [await patch('"stale"'), await patch(posted.headers.get("etag") ?? "")];
    await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
    const restarted = await patch("*");
    const fragment = await restarted.text();
    const renewed = ["ice-ufrag", "ice-pwd"].reduce((sdp, name) => {
      const [line = ""] = new RegExp(`^a=${name}:.*$`, "m").exec(fragment) ?? [];
      return sdp.replace(new RegExp(`^a=${name}:.*$`, "m"), () => line);
    }, answer);
    await connection.setRemoteDescription({ type: "answer", sdp: renewed });
    return {
      before,
      after: await ufragOf(before),
      statuses: [...first, restarted].map(({ status }) => status),
    };
  };
}

describe("bare pages of another origin, with RTCPeerConnection and fetch only", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let browser: Browser;
  const errors: string[] = [];

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    const node = await startNode({ edge: edge.url });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
  });
  afterAll(cleanup.run);

  const openExample = async (kind: "whip" | "whep", grants: Grants): Promise<Page> => {
    const site = await serveExample(kind, edge, () => joinToken(ROOM, kind, grants));
    cleanup.add(site.close);
    const page = await browser.newPage();
    page.on("pageerror", error => errors.push(`${kind}: ${error}`));
    if (kind === "whip") await page.addInitScript(fakeDevices, ENCODER_TONE);
    await page.goto(site.origin);
    return page;
  };
  const end = async (page: Page): Promise<void> => {
    const deleted = page.waitForResponse(response => response.request().method() === "DELETE");
    await page.click("button");
    expect((await deleted).status()).toBe(200);
  };

  it("publish by WHIP and play by WHEP, beside a page with the SDK, until they DELETE", async () => {
    const encoder = await openExample("whip", { create: true, publish: ["mic", "camera"] });
    // The player may not make the room: the encoder has.
    await expectAnswered(encoder);
    const player = await openExample("whep", { subscribe: ["mic", "camera"] });
    await expectShown(player);
    await hearPlayer(player, "anybody");
    await expectTone(player, "anybody", ENCODER_TONE);

    const guest = await openBlank(browser, edge.url);
    await joinCall(guest, { url: edge.url, token: await joinToken(ROOM, "guest"), tone: GUEST_TONE, hue: 120 });
    await expectFrames(guest, "whip");
    await expectTone(guest, "whip", ENCODER_TONE, [GUEST_TONE]);
    const kinds = await guest.evaluate(() =>
      window.tandem.room.store.get().participants.map(({ kind, sources }) => [kind, sources.map(({ kind }) => kind)]),
    );
    expect(kinds).toEqual([
      ["whip", ["mic", "camera"]],
      ["whep", []],
    ]);

    // The app's own player, by its address alone; it leaves with its page.
    const watcher = await browser.newPage();
    watcher.on("pageerror", error => errors.push(`player: ${error}`));
    await watcher.goto(`${edge.url}/watch/${ROOM}/whip`);
    await watcher.locator('[data-testid="player"][data-state="live"]').waitFor();
    await expectShown(watcher);
    await until(guest, () => window.tandem.room.store.get().participants.length === 3, undefined);
    await watcher.goto("about:blank");
    await until(guest, () => window.tandem.room.store.get().participants.length === 2, undefined);

    await end(encoder);
    await until(guest, () => window.tandem.room.store.get().participants.length === 1, undefined);
    // Whoever is left is shown in the same slots, without a word of SDP.
    await expectShown(player);
    await expectTone(player, "anybody", GUEST_TONE, [ENCODER_TONE]);

    await end(player);
    await until(guest, () => window.tandem.room.store.get().participants.length === 0, undefined);
    expect(errors).toEqual([]);
  });

  it("restart ICE by PATCH: pictures go on over the new credentials", async () => {
    const room = "restart";
    const encoder = await openBlank(browser, edge.url);
    const token = await joinToken(room, "encoder", { create: true, publish: ["camera"] });
    await encoder.evaluate(publishOnce, { endpoint: `${edge.url}/v1/whip/${room}`, token });
    const guest = await openBlank(browser, edge.url);
    await joinCall(guest, { url: edge.url, token: await joinToken(room, "guest"), tone: GUEST_TONE, hue: 200 });
    await expectFrames(guest, "encoder");
    const { before, after, statuses } = await encoder.evaluate(() => window.restartIce());
    expect(statuses).toEqual([412, 204, 200]);
    expect(after).not.toBe(before);
    await expectFrames(guest, "encoder");
  });
});
