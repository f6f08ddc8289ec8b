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

/** A page, whoever drives it. */
export interface Driven {
  evaluate<Result, Argument>(run: (argument: Argument) => Result, argument: Argument): Promise<Awaited<Result>>;
  close(): Promise<void>;
}

/** What the page keeps for its test. */
export interface PageState {
  room: import("../../src/client/index.ts").Room;
  context: AudioContext;
  canvas: HTMLCanvasElement;
  /** Elements that play what comes, by source and track: a browser decodes only what somebody watches. */
  watched: Map<string, HTMLVideoElement>;
  analysers: Map<string, { analyser: AnalyserNode; audio: HTMLAudioElement }>;
  sources: Map<string, import("../../src/client/index.ts").LocalSource>;
}

declare global {
  interface Window {
    tandem: PageState;
  }
  interface RTCPeerConnection {
    /** Descriptions that came from the other end. */
    exchanges?: number;
  }
}

export interface CallOptions {
  /** The edge as the page reaches it. */
  url: string;
  token: string;
  /** Hz. */
  tone: number;
  hue: number;
  /** `device`: publish what the browser's microphone hears; where no AudioContext runs, there is no other tone. */
  microphone?: "tone" | "device";
  /** `relay`: media goes by a TURN server or not at all. */
  iceTransportPolicy?: RTCIceTransportPolicy;
}

/** Join the token's room and publish video and a tone. */
export async function joinCall(page: Driven, options: CallOptions): Promise<void> {
  await page.evaluate(async ({ url, token, tone, hue, microphone = "tone", iceTransportPolicy = "all" }) => {
    // Raw host candidates are given only to pages that may use a device.
    const devices = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
    if (microphone === "tone") for (const track of devices.getTracks()) track.stop();

    // Every exchange of descriptions ends in this call.
    const apply = RTCPeerConnection.prototype.setRemoteDescription as (
      this: RTCPeerConnection,
      description: RTCSessionDescriptionInit,
    ) => Promise<void>;
    RTCPeerConnection.prototype.setRemoteDescription = function (
      this: RTCPeerConnection,
      description: RTCSessionDescriptionInit,
    ) {
      this.exchanges = (this.exchanges ?? 0) + 1;
      return apply.call(this, description);
    };

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
    const mic = (microphone === "tone" ? out.stream : devices).getAudioTracks()[0] as MediaStreamTrack;

    const room = await window.sdk.joinRoom({ url, token, iceTransportPolicy });
    const sources = new Map();
    window.tandem = { room, context, canvas, watched: new Map(), analysers: new Map(), sources };

    const hear = (key: string, track: MediaStreamTrack): void => {
      const { analysers } = window.tandem;
      if (analysers.has(key)) return;
      const stream = new MediaStream([track]);
      // Chromium pulls remote audio only while an element plays it.
      const audio = Object.assign(document.createElement("audio"), { autoplay: true, srcObject: stream, volume: 0.01 });
      document.body.append(audio);
      const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
      new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(analyser);
      analysers.set(key, { analyser, audio });
    };
    const watch = (): void => {
      const { watched } = window.tandem;
      const { participants, mix } = room.store.get();
      if (mix) hear(`mix/mic/${mix.track.id}`, mix.track);
      for (const participant of participants) {
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
            watched.set(key, video);
          }
          if (source.track.kind === "audio") hear(key, source.track);
        }
      }
    };
    room.store.subscribe(watch);
    watch();
    sources.set("camera", await room.publish(camera, { kind: "camera" }));
    sources.set("mic", await room.publish(mic, { kind: "mic" }));
  }, options);
}

/** Wait until `count` more frames of that participant's source have been decoded. */
export async function expectFrames(
  page: Driven,
  identity: string,
  kind = "camera",
  count = 10,
  timeout = 15_000,
): Promise<void> {
  await page.evaluate(
    async ({ identity, kind, count, timeout }) => {
      const { room } = window.tandem;
      const decoded = async (): Promise<number> => {
        const source = room.store
          .get()
          .participants.find(participant => participant.identity === identity)
          ?.sources.find(candidate => candidate.kind === kind);
        if (!source?.track) return 0;
        const { track } = source;
        for (const { connection } of room.connections) {
          const receiver = connection.getReceivers().find(candidate => candidate.track === track);
          if (!receiver) continue;
          for (const report of (await receiver.getStats()).values()) {
            if (report.type === "inbound-rtp") return report.framesDecoded ?? 0;
          }
        }
        return 0;
      };
      let start = await decoded();
      let now = start;
      const deadline = performance.now() + timeout;
      while (now < start + count) {
        if (performance.now() > deadline) {
          const room = JSON.stringify(window.tandem.room.store.get(), (_key, value) =>
            value instanceof EventTarget ? "[object]" : value,
          );
          throw new Error(`${now - start} of ${count} frames of ${identity}'s ${kind}; the room: ${room}`);
        }
        await new Promise(resolve => setTimeout(resolve, 50));
        now = await decoded();
        // A new path counts from nothing.
        if (now < start) start = now;
      }
    },
    { identity, kind, count, timeout },
  );
}

/** Wait until `check` holds in the page. */
export async function until<A>(
  page: Page,
  check: (argument: A) => unknown,
  argument: A,
  timeout = 15_000,
): Promise<void> {
  // Polled by time: animation frames stop in pages that nobody looks at.
  await page.waitForFunction(check as (argument: unknown) => unknown, argument, { timeout, polling: 50 });
}

/** Topology and reason as the page knows them, and how often it exchanged descriptions with the media node. */
export const mediaOf = (page: Driven): Promise<{ topology: string; reason: string; exchanges: number }> =>
  page.evaluate(() => {
    const { room } = window.tandem;
    const node = room.connections.find(({ pid }) => pid === undefined)?.connection;
    const { current, reason } = room.store.get().topology;
    return { topology: current, reason, exchanges: node?.exchanges ?? 0 };
  }, undefined);

/** Wait until the page's media goes that way, and no other way any more. */
export const expectTopology = (page: Page, topology: "mesh" | "sfu" | "mcu", timeout = 45_000): Promise<void> =>
  until(
    page,
    wanted => {
      const { room } = window.tandem;
      const ways = new Set(room.connections.map(({ pid }) => (pid === undefined ? "node" : "mesh")));
      const way = wanted === "mesh" ? "mesh" : "node";
      return room.store.get().topology.current === wanted && ways.size === 1 && ways.has(way);
    },
    topology,
    timeout,
  );

/** What a page saw of somebody's camera while its media changed its way. */
export interface Crossing {
  /** Longest time without a new frame, ms. */
  readonly gap: number;
  /** Frames decoded by the new way when the old one was first found gone; -1 while it is not. */
  readonly framesAtBreak: number;
}

/** Watch what is shown of `identity`'s camera from now on, every 20 ms; the result ends it and tells. */
export async function watchCrossing(page: Page, identity: string): Promise<() => Promise<Crossing>> {
  const handle = await page.evaluateHandle(identity => {
    const { room } = window.tandem;
    const way = (): string =>
      [...new Set(room.connections.map(({ pid }) => (pid === undefined ? "sfu" : "mesh")))].sort().join();
    const from = way();
    const state = { gap: 0, framesAtBreak: -1, over: false };
    let shown = "";
    let frames = 0;
    let last = performance.now();
    const look = async (): Promise<void> => {
      const camera = room.store
        .get()
        .participants.find(participant => participant.identity === identity)
        ?.sources.find(({ kind }) => kind === "camera");
      for (const { connection } of room.connections) {
        const receiver = connection.getReceivers().find(({ track }) => track === camera?.track);
        if (!receiver) continue;
        for (const report of (await receiver.getStats()).values()) {
          if (report.type !== "inbound-rtp") continue;
          const decoded = report.framesDecoded ?? 0;
          if (receiver.track.id === shown && decoded > frames) {
            state.gap = Math.max(state.gap, performance.now() - last);
            last = performance.now();
          }
          shown = receiver.track.id;
          frames = decoded;
          const now = way();
          if (state.framesAtBreak < 0 && now !== from && !now.includes(",")) state.framesAtBreak = decoded;
        }
      }
      if (!state.over) setTimeout(() => void look(), 20);
    };
    void look();
    return state;
  }, identity);
  return () =>
    handle.evaluate(state => {
      state.over = true;
      return { gap: state.gap, framesAtBreak: state.framesAtBreak };
    });
}
