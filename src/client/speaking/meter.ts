import { levelOf, RATE } from "./detector.ts";

/** Reads one sound's level. */
export interface Meter {
  /** 0 to 1, now. */
  read(): number;
  close(): void;
}

let shared: AudioContext | undefined;

/** One context for all meters. Browsers let it run after the person's first click or key. */
function context(): AudioContext {
  if (!shared) {
    const made = new AudioContext();
    shared = made;
    const wake = (): void => void made.resume().catch(() => {});
    for (const type of ["pointerdown", "keydown"]) addEventListener(type, wake, { capture: true, passive: true });
  }
  if (shared.state === "suspended") shared.resume().catch(() => {});
  return shared;
}

/** Measure a track of one's own. */
export function meterTrack(track: MediaStreamTrack): Meter {
  const audio = context();
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  const analyser = audio.createAnalyser();
  analyser.fftSize = 1024;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    read() {
      analyser.getFloatTimeDomainData(samples);
      let sum = 0;
      for (const sample of samples) sum += sample * sample;
      return levelOf(Math.sqrt(sum / samples.length));
    },
    close() {
      source.disconnect();
    },
  };
}

/** Readings without a new packet after which there is silence: the browser keeps the last level for 10 s. */
const STALE = 3;

/** Measure what arrives, by the level that the browser has computed already. */
export function meterReceiver(receiver: RTCRtpReceiver): Meter {
  let newest = 0;
  let unchanged = 0;
  return {
    read() {
      const [source] = receiver.getSynchronizationSources();
      unchanged = source && source.timestamp !== newest ? 0 : unchanged + 1;
      newest = source?.timestamp ?? 0;
      return unchanged < STALE ? levelOf(source?.audioLevel ?? 0) : 0;
    },
    close() {},
  };
}

/** Call `tick` {@link RATE} times a second; the result stops it. */
export function everyTick(tick: () => void, signal: AbortSignal | undefined): () => void {
  if (signal?.aborted) return () => {};
  const timer = setInterval(tick, 1_000 / RATE);
  const stop = (): void => clearInterval(timer);
  signal?.addEventListener("abort", stop, { once: true });
  return stop;
}
