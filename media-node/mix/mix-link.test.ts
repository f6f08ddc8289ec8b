import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_ENCODED } from "../codec/audio-codec.ts";
import { loadOpus } from "../codec/opus-audio.ts";
import { createLog } from "../log.ts";
import { amplitudeAt, tone } from "../testing/tones.ts";
import { FULL_BAND } from "./mix-format.ts";
import { createMixLink, type MixLink } from "./mix-link.ts";

const now = (): number => performance.timeOrigin + performance.now();
const SILENCE_TOO = { codec: "opus", rate: 48_000, continuous: true } as const;
let link: MixLink | undefined;

afterEach(async () => {
  await link?.close();
  link = undefined;
});

describe("the mixer thread", () => {
  it("mixes for a room, on its own clock", { timeout: 20_000 }, async () => {
    const opened = createMixLink({ log: createLog("error"), now, onNews: () => opened.drain(now()) });
    link = opened;
    const opus = await loadOpus();
    const packets: Buffer[] = [];
    const assigned = new Map<number, number>();
    const mixer = opened.open(
      {
        assigned: (listener, stream) => assigned.set(listener, stream),
        packet(stream, _timestamp, bytes, offset, length) {
          if (assigned.get(2) === stream) packets.push(Buffer.from(bytes.subarray(offset, offset + length)));
        },
        lost() {},
      },
      now(),
    )!;
    mixer.addInput(16, 1);
    mixer.addListener(1, 1, FULL_BAND);
    mixer.addListener(2, 2, FULL_BAND);
    const encoder = opus.createEncoder({ rate: 48_000, channels: 1 });
    const pcm = tone(440, 48_000, 48_000);
    const bytes = new Uint8Array(MAX_ENCODED);
    let sequence = 0;
    const speaking = setInterval(() => {
      const length = encoder.encode(pcm, (sequence % 50) * 960, bytes, 0);
      mixer.push(16, "opus", sequence, sequence * 960, 20, bytes, 0, length, now());
      sequence++;
    }, 20);
    const decoder = opus.createDecoder(48_000, 1);
    const out = new Float32Array(5_760);
    try {
      await vi.waitFor(
        () => {
          expect(assigned.size).toBe(2);
          expect(assigned.get(1)).not.toBe(assigned.get(2));
          let loudest = 0;
          for (const packet of packets.splice(0)) {
            decoder.decode(packet, 0, packet.length, out, 0);
            loudest = Math.max(loudest, amplitudeAt(out.subarray(0, 960), 440, 48_000));
          }
          expect(loudest).toBeGreaterThan(0.15);
        },
        { timeout: 15_000, interval: 50 },
      );
    } finally {
      clearInterval(speaking);
    }
    expect(opened.counters()).toMatchObject({ rooms: 1, "inputs.dropped": 0, restarts: 0 });
    expect(opened.counters().frames).toBeGreaterThan(0);
  });

  it("tells rooms when it has died, and is started again after a pause", { timeout: 20_000 }, async () => {
    const opened = createMixLink({ log: createLog("error", {}, () => {}), now, onNews: () => opened.drain(now()) });
    link = opened;
    const lost = Promise.withResolvers<void>();
    const mixer = opened.open({ assigned() {}, packet() {}, lost: () => lost.resolve() }, now())!;
    // A rate that libopus doesn't have: such a defect of ours must not end more than the mixer.
    mixer.addListener(1, 1, { codec: "opus", rate: 12_345 as 48_000 });
    await lost.promise;
    const next = Promise.withResolvers<void>();
    const events = { assigned: () => next.resolve(), packet() {}, lost() {} };
    expect(opened.open(events, now())).toBeUndefined();
    opened.open(events, now() + 1_000)!.addListener(1, 1, FULL_BAND);
    await next.promise;
    expect(opened.counters()).toMatchObject({ restarts: 1 });
  });

  it("gives no more to whom its mixes break, and goes on for others", { timeout: 20_000 }, async () => {
    const errors: string[] = [];
    const log = createLog("error", {}, line => errors.push(line));
    const opened = createMixLink({ log, now, onNews: () => opened.drain(now()) });
    link = opened;
    const lost = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<void>();
    const broken = { assigned() {}, packet: () => expect.fail("a defect"), lost: () => lost.resolve() };
    opened.open(broken, now())!.addListener(1, 1, SILENCE_TOO);
    const other = { assigned() {}, packet: () => heard.resolve(), lost() {} };
    await lost.promise;
    opened.open(other, now())!.addListener(1, 1, SILENCE_TOO);
    await heard.promise;
    expect(errors).toHaveLength(1);
    expect(opened.counters()).toMatchObject({ rooms: 2, restarts: 0 });
  });

  it("is not there any more once closed", async () => {
    const opened = createMixLink({ log: createLog("error"), now, onNews() {} });
    await opened.close();
    await opened.close();
    expect(opened.open({ assigned() {}, packet() {}, lost() {} }, now())).toBeUndefined();
  });
});
