import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HlsCreated, RtpCreated } from "../../src/protocol/index.ts";
import { launchChromium } from "../support/chromium.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { endPrograms, sendByFfmpeg } from "../support/peers/rtp.ts";
import { apiToken } from "../support/tokens.ts";

const TONE = 440;
const ROOM = "stage";
/** Players of another origin, of the playlist that their address names: Chromium's own, and hls.js. */
const PAGES: Readonly<Record<string, string>> = {
  "/native.html": `<!doctype html><video crossorigin autoplay></video><script>
    document.querySelector("video").src = location.hash.slice(1);
  </script>`,
  "/hls-js.html": `<!doctype html><video autoplay></video><script src="/hls.js"></script><script>
    const player = new Hls();
    player.loadSource(location.hash.slice(1));
    player.attachMedia(document.querySelector("video"));
  </script>`,
};
const HLS_JS = new URL("../../node_modules/hls.js/dist/hls.min.js", import.meta.url);

/** The pages' own site. */
async function serve(): Promise<{ url: string; close(): void }> {
  const script = await readFile(HLS_JS);
  const server = createServer((request, response) => {
    const page = PAGES[request.url ?? ""];
    response.setHeader("content-type", page === undefined ? "text/javascript" : "text/html");
    response.end(page ?? script);
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Where the page's player is, and how loud (dB) its sound is at a frequency and at another. */
const playing = (page: Page, frequency: number, other: number) =>
  page.evaluate(
    ([wanted = 0, unwanted = 0]) => {
      const video = document.querySelector("video") as HTMLVideoElement & { analyser?: AnalyserNode };
      if (video.analyser === undefined) {
        const context = new AudioContext({ sampleRate: 48_000 });
        video.analyser = new AnalyserNode(context, { fftSize: 8_192, smoothingTimeConstant: 0 });
        context.createMediaElementSource(video).connect(video.analyser);
      }
      const bins = new Float32Array(video.analyser.frequencyBinCount);
      video.analyser.getFloatFrequencyData(bins);
      const at = (hertz: number): number => bins[Math.round((hertz * 8_192) / 48_000)] ?? -200;
      const { currentTime, videoWidth, videoHeight } = video;
      const { totalVideoFrames } = video.getVideoPlaybackQuality();
      return { currentTime, videoWidth, videoHeight, totalVideoFrames, wanted: at(wanted), unwanted: at(unwanted) };
    },
    [frequency, other],
  );

describe("HLS out", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let browser: Browser;
  let site: Awaited<ReturnType<typeof serve>>;

  beforeAll(async () => {
    site = await serve();
    cleanup.add(site.close);
    edge = await startEdge({ bucket: true });
    cleanup.add(edge.stop);
    const node = await startNode({ edge: edge.url, settings: { "rtp-ports": "22200-22299" } });
    cleanup.add(node.stop);
    browser = await launchChromium();
    cleanup.add(() => browser.close());
    cleanup.add(endPrograms);
  });
  afterAll(cleanup.run);

  const ask = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${edge.url}/v1/rooms${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const receive = async (identity: string, codec: "h264" | "vp8"): Promise<void> => {
    const audio = { codec: "opus", payloadType: 111 };
    const leg = { identity, receive: { audio, video: { codec, payloadType: 96 } } };
    const response = await ask("POST", `/${ROOM}/rtp`, leg);
    expect(response.status, await response.clone().text()).toBe(201);
    sendByFfmpeg(((await response.json()) as RtpCreated).sdp, TONE);
  };

  it("Chromium plays a room by its playlist, and so does hls.js: pictures and sound, until its end", async () => {
    expect((await ask("POST", "", { name: ROOM })).status).toBe(201);
    await receive("studio", "h264");
    const response = await ask("POST", `/${ROOM}/hls`, { source: "studio" });
    expect(response.status, await response.clone().text()).toBe(201);
    const { pid, playlist } = (await response.json()) as HlsCreated;
    expect(playlist).toBe(`${edge.url}/v1/hls/${ROOM}/live/index.m3u8`);
    // Enough for players to begin with.
    await expect.poll(async () => (await fetch(playlist)).status, { timeout: 60_000 }).toBe(200);

    await Promise.all(
      Object.keys(PAGES).map(async path => {
        const page = await browser.newPage();
        await page.goto(new URL(`${path}#${playlist}`, site.url).href);
        await expect
          .poll(
            async () => {
              const { currentTime, totalVideoFrames, wanted, unwanted } = await playing(page, TONE, 1_230);
              return currentTime > 3 && totalVideoFrames > 20 && wanted - unwanted > 20;
            },
            { timeout: 45_000 },
          )
          .toBe(true);
        expect(await playing(page, TONE, 1_230)).toMatchObject({ videoWidth: 320, videoHeight: 180 });
      }),
    );

    expect((await ask("DELETE", `/${ROOM}/hls/${pid}`)).status).toBe(204);
    await expect.poll(async () => await (await fetch(playlist)).text()).toContain("#EXT-X-ENDLIST");
    // Whoever watches now still can; nobody else can write there.
    const [, init = ""] = /URI="(.+-init-1\.mp4)"/.exec(await (await fetch(playlist)).text()) ?? [];
    const part = await fetch(new URL(init, playlist), { headers: { range: "bytes=4-7" } });
    expect([part.status, await part.text()]).toEqual([206, "ftyp"]);
    expect((await fetch(playlist, { method: "PUT", body: "#EXTM3U" })).status).toBe(401);
  });

  it("a picture in VP8 is refused, and says why", async () => {
    await receive("browser", "vp8");
    await expect
      .poll(async () => (await ask("POST", `/${ROOM}/hls`, { source: "browser", name: "vp8" })).json())
      .toMatchObject({ code: "unsupported-codec", detail: expect.stringContaining("vp8") });
  });
});
