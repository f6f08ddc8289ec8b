import type { Page } from "playwright-core";

/**
 * What runs inside a page: joins by the SDK that the Worker serves, publishes a canvas and a tone of its own, and judges
 * what comes by frames decoded and sound heard. Fake devices all beep alike, so tones come from WebAudio.
 */
export interface CallPage {
  readonly page: Page;
  readonly tone: number;
  readonly name: string;
}

interface Watched {
  readonly video: HTMLVideoElement;
  readonly frames: () => number;
}

/** What the page keeps for its test. */
export interface PageState {
  room: import("../../src/client/index.ts").Room;
  context: AudioContext;
  canvas: HTMLCanvasElement;
  watched: Map<string, Watched>;
  analysers: Map<string, { analyser: AnalyserNode; audio: HTMLAudioElement }>;
  sources: Map<string, import("../../src/client/index.ts").LocalSource>;
}

declare global {
  interface Window {
    tandem: PageState;
  }
}

/** Join `room` and publish video and a tone of `tone` Hz. `url` is the edge as the page reaches it. */
export async function joinCall(
  page: Page,
  options: { url: string; token: string; tone: number; hue: number },
): Promise<void> {
  await page.evaluate(async ({ url, token, tone, hue }) => {
    const { joinRoom } = (await import(`${url}/sdk/tandem.js`)) as typeof import("../../src/client/index.ts");
    // Raw host candidates are given only to pages that may use a device.
    const devices = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of devices.getTracks()) track.stop();

    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const paint = canvas.getContext("2d");
    let frame = 0;
    setInterval(() => {
      if (!paint) return;
      paint.fillStyle = `hsl(${hue} 80% 50%)`;
      paint.fillRect(0, 0, 320, 180);
      paint.fillStyle = "white";
      paint.fillRect(frame++ % 320, 80, 20, 20);
    }, 100);
    const camera = canvas.captureStream(10).getVideoTracks()[0] as MediaStreamTrack;

    const context = new AudioContext();
    const oscillator = new OscillatorNode(context, { frequency: tone });
    const out = new MediaStreamAudioDestinationNode(context);
    oscillator.connect(new GainNode(context, { gain: 0.4 })).connect(out);
    oscillator.start();
    const mic = out.stream.getAudioTracks()[0] as MediaStreamTrack;

    const room = await joinRoom({ url, token });
    const sources = new Map();
    window.tandem = { room, context, canvas, watched: new Map(), analysers: new Map(), sources };

    const watch = (): void => {
      const { watched, analysers } = window.tandem;
      for (const participant of room.store.get().participants) {
        for (const source of participant.sources) {
          if (!source.track) continue;
          const key = `${participant.identity}/${source.kind}/${source.track.id}`;
          if (source.track.kind === "video" && !watched.has(key)) {
            const video = Object.assign(document.createElement("video"), {
              muted: true,
              autoplay: true,
              playsInline: true,
            });
            video.srcObject = new MediaStream([source.track]);
            document.body.append(video);
            watched.set(key, { video, frames: () => video.getVideoPlaybackQuality().totalVideoFrames });
          }
          if (source.track.kind === "audio" && !analysers.has(key)) {
            const stream = new MediaStream([source.track]);
            // Chromium pulls remote audio only while an element plays it.
            const audio = Object.assign(document.createElement("audio"), {
              autoplay: true,
              srcObject: stream,
              volume: 0.01,
            });
            document.body.append(audio);
            const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
            new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
            analysers.set(key, { analyser, audio });
          }
        }
      }
    };
    room.store.subscribe(watch);
    watch();
    sources.set("camera", await room.publish(camera, { kind: "camera" }));
    sources.set("mic", await room.publish(mic, { kind: "mic" }));
  }, options);
}

/** Wait until `count` more frames of that participant's source have been decoded and painted. */
export async function expectFrames(
  page: Page,
  identity: string,
  kind = "camera",
  count = 10,
  timeout = 15_000,
): Promise<void> {
  await page.evaluate(
    async ({ identity, kind, count, timeout }) => {
      const total = (): number => {
        let sum = 0;
        for (const [key, { frames }] of window.tandem.watched)
          if (key.startsWith(`${identity}/${kind}/`)) sum += frames();
        return sum;
      };
      const start = total();
      const deadline = performance.now() + timeout;
      while (total() < start + count) {
        if (performance.now() > deadline) {
          const seen = JSON.stringify(window.tandem.room.store.get(), (_key, value) =>
            value instanceof EventTarget ? "[object]" : value,
          );
          throw new Error(`${total() - start} of ${count} frames of ${identity}'s ${kind}; the room: ${seen}`);
        }
        await new Promise(resolve => requestAnimationFrame(resolve));
      }
    },
    { identity, kind, count, timeout },
  );
}

/**
 * Level of each tone in what is heard from `identity`, in dB over the floor (the median of the spectrum), once it has
 * `wanted` at 20 dB; fails after `timeout`.
 */
export async function expectTone(
  page: Page,
  identity: string,
  wanted: number,
  unwanted: readonly number[] = [],
  timeout = 15_000,
): Promise<void> {
  await page.evaluate(
    async ({ identity, wanted, unwanted, timeout }) => {
      const { analysers, context } = window.tandem;
      await context.resume();
      const measure = (): { wanted: number; unwanted: number } => {
        let best = { wanted: -Infinity, unwanted: -Infinity };
        for (const [key, { analyser }] of analysers) {
          if (!key.startsWith(`${identity}/mic/`)) continue;
          const bins = new Float32Array(analyser.frequencyBinCount);
          analyser.getFloatFrequencyData(bins);
          const width = context.sampleRate / analyser.fftSize;
          const peak = (hertz: number): number => {
            const middle = Math.round(hertz / width);
            return Math.max(...bins.subarray(middle - 2, middle + 3));
          };
          const sorted = [...bins.subarray(20, Math.round(6_000 / width))].sort((a, b) => a - b);
          const floor = Math.max(sorted[sorted.length >> 1] ?? -Infinity, -140);
          const heard = peak(wanted) - floor;
          if (heard > best.wanted)
            best = { wanted: heard, unwanted: Math.max(-Infinity, ...unwanted.map(hz => peak(hz) - peak(wanted))) };
        }
        return best;
      };
      const deadline = performance.now() + timeout;
      for (;;) {
        const level = measure();
        if (level.wanted >= 20 && level.unwanted <= -30) return;
        if (performance.now() > deadline) throw new Error(`tone ${wanted} Hz of ${identity}: ${JSON.stringify(level)}`);
        await new Promise(resolve => requestAnimationFrame(resolve));
      }
    },
    { identity, wanted, unwanted, timeout },
  );
}

/** Wait until `check` holds in the page; it is evaluated on every frame. */
export async function until<A>(
  page: Page,
  check: (argument: A) => unknown,
  argument: A,
  timeout = 15_000,
): Promise<void> {
  await page.waitForFunction(check as (argument: unknown) => unknown, argument, { timeout });
}
