/**
 * What a page hears of others, by tones: fake devices all beep alike, so every page sends one of its own.
 * @module
 */
import type { Page } from "playwright-core";
import type { Driven } from "./call-page.ts";

/** Wait until sound of `identity`'s microphone has come, by its energy: for browsers in which no AudioContext runs. */
export async function expectSound(page: Driven, identity: string, timeout = 15_000): Promise<void> {
  await page.evaluate(
    async ({ identity, timeout }) => {
      const { room } = window.tandem;
      const energy = async (): Promise<number> => {
        const mic = room.store
          .get()
          .participants.find(participant => participant.identity === identity)
          ?.sources.find(({ kind }) => kind === "mic");
        const receivers = room.connections.flatMap(({ connection }) => connection.getReceivers());
        const stats = await receivers.find(({ track }) => track === mic?.track)?.getStats();
        for (const report of stats?.values() ?? []) if (report.type === "inbound-rtp") return report.totalAudioEnergy;
        return 0;
      };
      const deadline = performance.now() + timeout;
      const start = await energy();
      // A full-scale tone of 0.1 s has 0.05.
      while ((await energy()) < start + 0.01) {
        if (performance.now() > deadline) throw new Error(`no sound of ${identity}: ${await energy()}`);
        await new Promise(resolve => setTimeout(resolve, 50));
      }
    },
    { identity, timeout },
  );
}

/** What is asked of a tone: heard with nothing of ours in it, or gone. */
interface ToneQuestion {
  identity: string;
  wanted: number;
  unwanted: readonly number[];
  /** True: at least 20 dB over the floor, unwanted ones at most -30 dB of it. False: no more than 10 dB over the floor. */
  heard: boolean;
  timeout: number;
}

/** Wait until the answer is yes. The floor is the median of the spectrum. */
async function awaitTone(page: Page, question: ToneQuestion): Promise<void> {
  await page.evaluate(async ({ identity, wanted, unwanted, heard, timeout }) => {
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
          return Math.max(-140, ...bins.subarray(middle - 2, middle + 3));
        };
        const sorted = [...bins.subarray(20, Math.round(6_000 / width))].sort((a, b) => a - b);
        const floor = Math.max(sorted[sorted.length >> 1] ?? -Infinity, -140);
        const over = peak(wanted) - floor;
        if (over > best.wanted) {
          best = { wanted: over, unwanted: Math.max(-Infinity, ...unwanted.map(hz => peak(hz) - peak(wanted))) };
        }
      }
      return best;
    };
    const deadline = performance.now() + timeout;
    for (;;) {
      const level = measure();
      if (heard ? level.wanted >= 20 && level.unwanted <= -30 : level.wanted <= 10) return;
      if (performance.now() > deadline) {
        const arrived: unknown[] = [];
        // A page without the SDK has no room.
        for (const { connection } of window.tandem.room?.connections ?? [])
          for (const report of (await connection.getStats()).values())
            if (report.type === "inbound-rtp" && report.kind === "audio" && report.packetsReceived > 0)
              arrived.push([report.packetsReceived, report.concealedSamples, report.audioLevel]);
        throw new Error(
          `${wanted} Hz of ${identity} should ${heard ? "" : "not "}be heard: ${JSON.stringify({ level, arrived })}`,
        );
      }
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }, question);
}

/** Wait until `identity`'s tone is heard, and none of `unwanted` with it. */
export const expectTone = (
  page: Page,
  identity: string,
  wanted: number,
  unwanted: readonly number[] = [],
  timeout = 15_000,
): Promise<void> => awaitTone(page, { identity, wanted, unwanted, heard: true, timeout });

/** Wait until it is heard no more. */
export const expectNoTone = (page: Page, identity: string, tone: number, timeout = 15_000): Promise<void> =>
  awaitTone(page, { identity, wanted: tone, unwanted: [], heard: false, timeout });
