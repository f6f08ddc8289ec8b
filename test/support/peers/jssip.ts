import type { Browser, Page } from "playwright-core";
import { build } from "vite";
import { openBlank } from "../chromium.ts";

/** JsSIP as a script of a page, which knows nothing of ours. */
async function bundle(): Promise<string> {
  const entry = new URL("../../../node_modules/jssip/lib/JsSIP.js", import.meta.url).pathname;
  const output = await build({
    configFile: false,
    logLevel: "silent",
    build: { write: false, lib: { entry, name: "JsSIP", formats: ["iife"] } },
  });
  const [first] = [output].flat();
  if (!first || !("output" in first)) throw new Error("JsSIP can't be bundled");
  return first.output[0].code;
}

export interface JssipAccount {
  /** URL of the WebSocket. */
  readonly server: string;
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  /** What it says (Hz). */
  readonly tone: number;
}

/** What the page's script keeps for the test. Its types are JsSIP's own, which it hasn't. */
declare global {
  interface Window {
    // biome-ignore lint/suspicious/noExplicitAny: JsSIP comes without types.
    JsSIP: any;
    softphone: {
      readonly log: string[];
      call(target: string): void;
      hangUp(): void;
      hold(held: boolean): void;
      /** Whether its sound is connected: only then keys can be pressed. */
      canPress(): boolean;
      press(keys: string): void;
      /** How loud (dB) what it hears is at a frequency. */
      level(hertz: number): number;
    };
  }
}

/** A page that is a softphone: it registers, answers calls by itself, and says a tone. */
export async function openJssip(browser: Browser, url: string, account: JssipAccount): Promise<Page> {
  const page = await openBlank(browser, url);
  await page.addScriptTag({ content: await bundle() });
  await page.evaluate(async ({ server, user, password, domain, tone }) => {
    const { JsSIP } = window;
    const log: string[] = [];
    const context = new AudioContext({ sampleRate: 48_000 });
    await context.resume();
    const oscillator = new OscillatorNode(context, { frequency: tone });
    const out = new MediaStreamAudioDestinationNode(context);
    oscillator.connect(new GainNode(context, { gain: 0.4 })).connect(out);
    oscillator.start();
    const analyser = new AnalyserNode(context, { fftSize: 8_192, smoothingTimeConstant: 0 });
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    let session: any;
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(server)],
      uri: `sip:${user}@${domain}`,
      password,
      register_expires: 120,
    });
    for (const event of ["connected", "disconnected", "registered", "unregistered", "registrationFailed"]) {
      ua.on(event, (data: { cause?: string }) => log.push([event, data?.cause].filter(Boolean).join(" ")));
    }
    // biome-ignore lint/suspicious/noExplicitAny: as above.
    ua.on("newRTCSession", ({ session: opened, originator }: any) => {
      session = opened;
      for (const event of ["progress", "confirmed", "ended", "failed", "hold", "unhold"]) {
        opened.on(event, (data: { cause?: string }) => log.push([event, data?.cause].filter(Boolean).join(" ")));
      }
      const listen = (connection: RTCPeerConnection): void => {
        connection.addEventListener("track", ({ track }) => {
          const stream = new MediaStream([track]);
          // Chromium decodes only what an element plays.
          const player = new Audio();
          player.muted = true;
          player.srcObject = stream;
          void player.play();
          new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
        });
      };
      if (opened.connection) listen(opened.connection);
      opened.on("peerconnection", ({ peerconnection }: { peerconnection: RTCPeerConnection }) =>
        listen(peerconnection),
      );
      if (originator === "remote") opened.answer({ mediaStream: out.stream });
    });
    ua.start();
    window.softphone = {
      log,
      call: target => ua.call(target, { mediaStream: out.stream }),
      hangUp: () => session.terminate(),
      hold: held => (held ? session.hold() : session.unhold()),
      canPress: () => session.connection.getSenders()[0].dtmf.canInsertDTMF,
      press: keys => session.sendDTMF(keys, { transportType: "RFC2833" }),
      level(hertz) {
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        return Math.max(-140, bins[Math.round((hertz * 8_192) / 48_000)] ?? -140);
      },
    };
  }, account);
  return page;
}
