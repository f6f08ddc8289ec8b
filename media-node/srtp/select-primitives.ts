import { loadLibcrypto } from "./libcrypto.ts";
import { createLibcryptoPrimitives } from "./libcrypto-primitives.ts";
import { createNodePrimitives } from "./node-primitives.ts";
import type { SrtpPrimitives } from "./primitives.ts";

let selected: SrtpPrimitives | undefined;

/**
 * The fastest primitives that this process may trust: libcrypto's if it is there and gives node:crypto's bytes in a
 * self-test, else node:crypto's. Decided at the first call.
 */
export function selectSrtpPrimitives(): SrtpPrimitives {
  selected ??= trustworthyLibcrypto() ?? createNodePrimitives();
  return selected;
}

function trustworthyLibcrypto(): SrtpPrimitives | undefined {
  const library = loadLibcrypto();
  if (!library) return undefined;
  try {
    const candidate = createLibcryptoPrimitives(library);
    return agree(candidate, createNodePrimitives()) ? candidate : undefined;
  } catch {
    return undefined;
  }
}

/** Lengths around the block sizes of AES and SHA-1 and of the wide kernels, and those of real packets. */
const lengths = [0, 1, 15, 16, 17, 63, 64, 65, 112, 255, 256, 257, 1188, 1472];

/** Whether both sets protect alike, undo each other, and refuse a packet with any bit flipped. */
export function agree(a: SrtpPrimitives, b: SrtpPrimitives): boolean {
  const key = pattern(16, 3);
  const sides = [a, b].map(primitives => ({
    primitives,
    aead: primitives.createAead(key),
    counterMode: primitives.createCounterMode(key),
    mac: primitives.createMac(pattern(20, 5)),
  }));
  try {
    return lengths.every((length, round) => {
      const outputs = sides.map(({ primitives, aead, counterMode, mac }) => {
        primitives.nonce.set(pattern(12, round));
        primitives.counter.set(pattern(16, round));
        const packet = pattern(12 + length + 16, 7);
        if (!aead.seal(packet, 0, 12, packet, 12, length)) return "";
        const ciphered = pattern(length + 1, 9);
        if (!counterMode.apply(ciphered, 0, length) || !mac.compute(packet, 1, length + 11)) return "";
        return Buffer.concat([packet, ciphered, primitives.digest]).toString("hex");
      });
      if (outputs[0] === "" || outputs[0] !== outputs[1]) return false;
      return sides.every(({ aead }) => {
        const sealed = new Uint8Array(Buffer.from(outputs[0]!, "hex").subarray(0, 12 + length + 16));
        const forged = sealed.slice();
        const place = (round * 37) % forged.length;
        forged[place] = forged[place]! ^ (1 << (round & 7));
        const before = forged.slice();
        if (aead.open(forged, 0, 12, forged, 12, length) || Buffer.compare(forged, before) !== 0) return false;
        if (!aead.open(sealed, 0, 12, sealed, 12, length)) return false;
        return (
          Buffer.compare(sealed.subarray(0, 12 + length), pattern(12 + length + 16, 7).subarray(0, 12 + length)) === 0
        );
      });
    });
  } finally {
    for (const { aead, counterMode, mac } of sides) {
      aead.close();
      counterMode.close();
      mac.close();
    }
  }
}

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17 + (i >> 3)) & 0xff);
}
