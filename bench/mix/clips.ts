import { MAX_ENCODED } from "../../media-node/codec/audio-codec.ts";
import { loadOpus } from "../../media-node/codec/opus-audio.ts";
import { createRandom } from "../../media-node/testing/random.ts";

/** Frames of 20 ms in a clip. */
const FRAMES = 250;
const RATE = 48_000;

/** A few voices as packets of 32 kbit/s, as browsers make them: pitch that moves, syllables, some breath. */
export async function makeClips(count: number): Promise<Uint8Array[][]> {
  const opus = await loadOpus();
  const packet = new Uint8Array(MAX_ENCODED);
  return Array.from({ length: count }, (_, voice) => {
    // Little loss expected: that makes the encoder choose what it does for speech.
    const encoder = opus.createEncoder({ rate: RATE, channels: 1, bitrate: 32_000, expectedLoss: 1 });
    const random = createRandom(voice + 1);
    let phase = 0;
    const pcm = Float32Array.from({ length: FRAMES * encoder.frame }, (_, i) => {
      const time = i / RATE;
      phase += ((100 + 25 * voice) * (1 + 0.15 * Math.sin(4 * time + voice))) / RATE;
      let sample = (random.next() - 0.5) * 0.02;
      for (let harmonic = 1; harmonic < 20; harmonic++)
        sample += Math.sin(2 * Math.PI * harmonic * phase) / (harmonic * 12);
      return sample * (0.4 + 0.6 * Math.sin(Math.PI * 3 * time + voice) ** 2);
    });
    const packets = Array.from({ length: FRAMES }, (_, frame) =>
      packet.slice(0, encoder.encode(pcm, frame * encoder.frame, packet, 0)),
    );
    encoder.close();
    return packets;
  });
}
