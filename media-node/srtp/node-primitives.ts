import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from "node:crypto";
import type { Aead, CounterMode, Mac, SrtpPrimitives } from "./primitives.ts";

const TAG = 16;
const tagOption = { authTagLength: TAG } as const;

/** The portable primitives. Each call makes a cipher object: neither runtime lets one take a new nonce. */
export function createNodePrimitives(): SrtpPrimitives {
  const nonce = new Uint8Array(12);
  const counter = new Uint8Array(16);
  const digest = new Uint8Array(20);

  function createAead(key: Uint8Array): Aead {
    const secret = createSecretKey(key);
    return {
      seal(aad, aadOffset, aadLength, buffer, offset, length) {
        const cipher = createCipheriv("aes-128-gcm", secret, nonce, tagOption);
        cipher.setAAD(aad.subarray(aadOffset, aadOffset + aadLength));
        buffer.set(cipher.update(buffer.subarray(offset, offset + length)), offset);
        cipher.final();
        buffer.set(cipher.getAuthTag(), offset + length);
        return true;
      },
      open(aad, aadOffset, aadLength, buffer, offset, length) {
        const end = offset + length;
        const decipher = createDecipheriv("aes-128-gcm", secret, nonce, tagOption);
        decipher.setAAD(aad.subarray(aadOffset, aadOffset + aadLength));
        decipher.setAuthTag(buffer.subarray(end, end + TAG));
        const plain = decipher.update(buffer.subarray(offset, end));
        try {
          decipher.final();
        } catch {
          return false;
        }
        buffer.set(plain, offset);
        return true;
      },
      close() {},
    };
  }

  function createCounterMode(key: Uint8Array): CounterMode {
    const secret = createSecretKey(key);
    return {
      apply(buffer, offset, length) {
        const cipher = createCipheriv("aes-128-ctr", secret, counter);
        buffer.set(cipher.update(buffer.subarray(offset, offset + length)), offset);
        return true;
      },
      close() {},
    };
  }

  function createMac(key: Uint8Array): Mac {
    const secret = createSecretKey(key);
    return {
      compute(buffer, offset, length) {
        digest.set(
          createHmac("sha1", secret)
            .update(buffer.subarray(offset, offset + length))
            .digest(),
        );
        return true;
      },
      close() {},
    };
  }

  return { name: "node:crypto", nonce, counter, digest, createAead, createCounterMode, createMac };
}
