import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { amplitudeAt, decibels } from "../../media-node/testing/tones.ts";
import type { Trunk } from "../../src/protocol/index.ts";
import { createAuthority } from "../support/authority.ts";
import { startBaresip } from "../support/baresip.ts";
import { expectFrames, joinCall } from "../support/call-page.ts";
import { expectTone } from "../support/call-sound.ts";
import { launchChromium, openBlank } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { freePort } from "../support/ports.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

const PAGE_TONE = 790;
const PHONE_TONE = 440;

describe("a telephone and a page", () => {
  const cleanup = createCleanup();
  const room = "phones";
  let edge: Edge;
  let browser: Browser;
  let page: Page;
  let sipPort: number;
  let tlsPort: number;

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (await response.json()) as T;
  }

  /** What a picture mostly is: the page's camera shows hue 0. */
  async function hueOf(png: Buffer | undefined): Promise<string> {
    if (!png) return "nothing";
    return page.evaluate(async base64 => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${base64}`)).blob());
      const context = new OffscreenCanvas(1, 1).getContext("2d");
      context?.drawImage(image, 0, 0, 1, 1);
      const [red = 0, green = 0, blue = 0] = context?.getImageData(0, 0, 1, 1).data ?? [];
      return red > 1.5 * Math.max(green, blue) ? "red" : `${red} ${green} ${blue}`;
    }, png.toString("base64"));
  }

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    const authority = await createAuthority(["IP:127.0.0.1"]);
    cleanup.add(authority.remove);
    sipPort = await freePort();
    tlsPort = await freePort();
    const settings = {
      ...{ "sip-listen": `127.0.0.1:${sipPort}`, "sip-tls-port": String(tlsPort), "rtp-ports": "22400-22499" },
      ...{ cert: authority.cert, pkey: authority.pkey },
    };
    const node = await startNode({ edge: edge.url, runtime: "node", settings });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
    page = await openBlank(browser, edge.url);
    await joinCall(page, { url: edge.url, token: await joinToken(room, "page"), tone: PAGE_TONE, hue: 0 });
    await ask("POST", "/trunks", {
      id: "lab",
      host: "127.0.0.1",
      srtp: "optional",
      accept: { addresses: ["127.0.0.1"] },
    });
    await ask("POST", "/dispatch-rules", { numbers: ["100"], room });
  });
  afterAll(cleanup.run);

  it.each([
    ["pcmu", "udp"],
    ["opus/48000/2", "tcp"],
    ["G722/16000/1;mediaenc=srtp-mand", "tls"],
    ["pcma;mediaenc=srtp-mand", "udp"],
    ["opus/48000/2;mediaenc=dtls_srtp", "udp"],
  ])("hear each other, and neither itself (%s, %s)", async (codec, transport) => {
    await expect.poll(async () => (await ask<Trunk>("GET", "/trunks/lab")).state, { timeout: 15_000 }).toBe("idle");
    const phone = await startBaresip({ account: `audio_codecs=${codec}`, tone: PHONE_TONE, record: true });
    try {
      phone.command("dial", `sip:100@127.0.0.1:${transport === "tls" ? tlsPort : sipPort};transport=${transport}`);
      await expectTone(page, "phone:bob", PHONE_TONE, [PAGE_TONE]);
      await new Promise(resolve => setTimeout(resolve, 3_000));
      const closed = phone.next("CALL_CLOSED");
      phone.command("hangup");
      await closed;
      const heard = async (): Promise<number> => {
        const { rate = 0, pcm = new Float32Array(0) } = (await phone.recordings()).at(-1) ?? {};
        const end = pcm.subarray(-2 * rate, -rate / 2);
        return decibels(amplitudeAt(end, PAGE_TONE, rate) / Math.max(1e-5, amplitudeAt(end, PHONE_TONE, rate)));
      };
      await expect.poll(heard, { timeout: 10_000 }).toBeGreaterThan(20);
    } finally {
      await phone.stop();
    }
  });

  it.each([[""], [";mediaenc=srtp-mand"]])("see each other, where its trunk lets them (%s)", async keys => {
    await ask("PATCH", "/trunks/lab", { video: true });
    await expect.poll(async () => (await ask<Trunk>("GET", "/trunks/lab")).state, { timeout: 15_000 }).toBe("idle");
    const phone = await startBaresip({ account: `audio_codecs=pcmu;video_codecs=vp8${keys}`, video: true });
    try {
      phone.command("dial", `sip:100@127.0.0.1:${sipPort};transport=udp`);
      await expectFrames(page, "phone:bob", "camera", 30);
      await expect.poll(async () => hueOf(await phone.snapshot()), { timeout: 15_000, interval: 500 }).toBe("red");
    } finally {
      await phone.stop();
    }
    await expect
      .poll(() => page.evaluate(() => window.tandem.room.store.get().participants.length), { timeout: 10_000 })
      .toBe(0);
  });
});
