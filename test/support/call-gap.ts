import type { Page } from "playwright-core";

/** Quieter than this (mean square of 128 samples) is silence: 20 dB less than a page's tone. */
const SILENCE = 1e-3;
const PATIENCE = 15_000;

declare global {
  interface Window {
    gapMeter?: AudioWorkletNode;
  }
}

/**
 * Listens to all that a page's session with the node brings, on the browser's audio thread: a busy page misses nothing.
 * Resolves once it hears something.
 * @returns a function that tells the longest silence (ms) since it was called last; it throws if nothing was heard at all.
 */
export async function watchSilence(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(async silence => {
    const { room, context } = window.tandem;
    const code = `registerProcessor("gap-meter", class extends AudioWorkletProcessor {
      quiet = 0;
      longest = 0;
      loud = 0;
      constructor() {
        super();
        this.port.onmessage = () => {
          this.port.postMessage({ longest: this.longest, loud: this.loud });
          this.longest = this.quiet = this.loud = 0;
        };
      }
      process([input]) {
        let energy = 0;
        for (const sample of input[0] ?? []) energy += sample * sample;
        const loud = energy / 128 > ${silence};
        if (loud) this.loud++;
        this.quiet = loud ? 0 : this.quiet + 1;
        this.longest = Math.max(this.longest, this.quiet);
        return true;
      }
    });`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const meter = new AudioWorkletNode(context, "gap-meter", { channelCount: 1, channelCountMode: "explicit" });
    for (const { connection } of room.connections) {
      for (const { track } of connection.getReceivers()) {
        if (track.kind !== "audio") continue;
        const stream = new MediaStream([track]);
        // Chromium pulls remote audio only while an element plays it.
        document.body.append(
          Object.assign(document.createElement("audio"), { autoplay: true, srcObject: stream, volume: 0.01 }),
        );
        new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(meter);
      }
    }
    // Nothing is heard of the meter, but what leads nowhere isn't run.
    meter.connect(new GainNode(context, { gain: 0 })).connect(context.destination);
    window.gapMeter = meter;
  }, SILENCE);
  const ask = (): Promise<{ longest: number; loud: number }> =>
    page.evaluate(
      () =>
        new Promise((resolve, reject) => {
          const { gapMeter: meter, tandem } = window;
          if (!meter) return reject(new Error("no meter"));
          meter.port.onmessage = ({ data: { longest, loud } }) =>
            resolve({ longest: (longest * 128_000) / tandem.context.sampleRate, loud });
          meter.port.postMessage("");
        }),
    );
  const deadline = performance.now() + PATIENCE;
  while ((await ask()).loud === 0) {
    if (performance.now() > deadline) throw new Error("nothing is heard");
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return async () => {
    const { longest, loud } = await ask();
    if (loud === 0) throw new Error("nothing was heard");
    return longest;
  };
}
