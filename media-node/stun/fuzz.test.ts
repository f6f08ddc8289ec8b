import { describe, expect, it } from "vitest";
import { createStunAddress } from "./address.ts";
import { STUN_ATTRIBUTE, STUN_COMPREHENDED } from "./constants.ts";
import { readPasswordAlgorithm, shortTermKey } from "./credentials.ts";
import { verifyFingerprint, verifyIntegrity, verifyIntegritySha256 } from "./integrity.ts";
import {
  attributeLength,
  attributeText,
  createStunMessage,
  findAttribute,
  parseStun,
  readAddress,
  readErrorCode,
  unknownAttributes,
} from "./message.ts";
import { createStunWriter } from "./writer.ts";

const RUNS = Number(process.env.FUZZ_RUNS ?? 20_000);
const TYPES = Object.values(STUN_ATTRIBUTE);
const key = shortTermKey("a password of some length")!;
const comprehended = new Set(STUN_COMPREHENDED);

/** Mulberry32: repeatable from its seed. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe("the STUN reader", () => {
  it("survives any bytes, and never reads outside its message", { timeout: 3_600_000 }, () => {
    const random = generator(8489);
    const writer = createStunWriter();
    const message = createStunMessage();
    const address = createStunAddress();
    const unknown = new Uint16Array(8);
    const buffer = new Uint8Array(512);
    let accepted = 0;
    for (let run = 0; run < RUNS; run++) {
      const start = random(16);
      writer.begin(buffer, start, random(4), random(16), buffer, random(100));
      for (let i = random(8); i > 0; i--) {
        writer.data(TYPES[random(TYPES.length)]!, buffer, random(64), random(8) === 0 ? random(40) : 4 * random(6));
      }
      let length = writer.finish() || random(400);
      for (let i = random(4); i > 0; i--) buffer[start + random(length + 1)] = random(256);
      if (random(8) === 0) length = random(length + 8);
      if (!parseStun(message, buffer, start, length)) continue;
      accepted++;
      for (const type of TYPES) {
        const at = findAttribute(message, type);
        if (at < 0) continue;
        if (at < start + 20 || at + 4 + attributeLength(message, at) > message.end) expect.unreachable(`run ${run}`);
        readAddress(message, at, true, address);
        attributeText(message, type);
      }
      readErrorCode(message);
      readPasswordAlgorithm(message);
      unknownAttributes(message, comprehended, unknown);
      if (verifyIntegrity(message, key) || verifyIntegritySha256(message, key, 16)) expect.unreachable(`run ${run}`);
      verifyFingerprint(message);
    }
    expect(accepted).toBeGreaterThan(RUNS / 20);
  });
});
