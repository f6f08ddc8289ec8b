import { allocatePinned, type Pointer } from "../native/ffi.ts";
import type { Libcrypto } from "./libcrypto.ts";
import type { Aead, CounterMode, Mac, SrtpPrimitives } from "./primitives.ts";

const TAG = 16;
const GET_TAG = 0x10;
const SET_TAG = 0x11;
const ENCRYPT = 1;
const DECRYPT = 0;

/**
 * Primitives on libcrypto: a context per key takes a new nonce per packet and works in place, so a packet costs no
 * object and far less time (GCM over 1,200 bytes, 2026-11-24: 0.37 µs against 0.75 on Bun 1.4.5, 1.1 against 4.0 on
 * Node 26.10).
 */
export function createLibcryptoPrimitives({ ffi, call }: Libcrypto): SrtpPrimitives {
  const { addressOf, pointer } = ffi;
  const NULL = pointer(0);
  const memory = allocatePinned(ffi, 128);
  const scratch = (from: number, length: number) => memory.bytes.subarray(from, from + length);
  const nonce = pointer(memory.address);
  const counter = pointer(memory.address + 16);
  const digest = pointer(memory.address + 32);
  const written = pointer(memory.address + 64);

  function newCipher(kind: Pointer, key: Uint8Array): Pointer {
    const context = call.EVP_CIPHER_CTX_new();
    if (!context || call.EVP_CipherInit_ex(context, kind, NULL, pointer(addressOf(key)), NULL, ENCRYPT) !== 1) {
      throw new Error("libcrypto could not set up a cipher");
    }
    return context;
  }

  class GcmAead implements Aead {
    private context: Pointer;

    constructor(key: Uint8Array) {
      this.context = newCipher(call.EVP_aes_128_gcm(), key);
    }

    seal(
      aad: Uint8Array,
      aadOffset: number,
      aadLength: number,
      buffer: Uint8Array,
      offset: number,
      length: number,
    ): boolean {
      const { context } = this;
      if (!context) return false;
      const base = addressOf(buffer);
      const text = pointer(base + offset);
      const tag = pointer(base + offset + length);
      const header = pointer((aad === buffer ? base : addressOf(aad)) + aadOffset);
      return (
        call.EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, ENCRYPT) === 1 &&
        call.EVP_CipherUpdate(context, NULL, written, header, aadLength) === 1 &&
        call.EVP_CipherUpdate(context, text, written, text, length) === 1 &&
        call.EVP_CipherFinal_ex(context, tag, written) === 1 &&
        call.EVP_CIPHER_CTX_ctrl(context, GET_TAG, TAG, tag) === 1
      );
    }

    open(
      aad: Uint8Array,
      aadOffset: number,
      aadLength: number,
      buffer: Uint8Array,
      offset: number,
      length: number,
    ): boolean {
      const { context } = this;
      if (!context) return false;
      const base = addressOf(buffer);
      const text = pointer(base + offset);
      const tag = pointer(base + offset + length);
      const header = pointer((aad === buffer ? base : addressOf(aad)) + aadOffset);
      if (
        call.EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, DECRYPT) !== 1 ||
        call.EVP_CipherUpdate(context, NULL, written, header, aadLength) !== 1 ||
        call.EVP_CipherUpdate(context, text, written, text, length) !== 1
      ) {
        return false;
      }
      if (
        call.EVP_CIPHER_CTX_ctrl(context, SET_TAG, TAG, tag) === 1 &&
        call.EVP_CipherFinal_ex(context, tag, written) === 1
      ) {
        return true;
      }
      // The text was decrypted before its tag was known to be wrong; the same key stream turns it back.
      call.EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, DECRYPT);
      call.EVP_CipherUpdate(context, text, written, text, length);
      return false;
    }

    close(): void {
      call.EVP_CIPHER_CTX_free(this.context);
      this.context = NULL;
    }
  }

  function createCounterMode(key: Uint8Array): CounterMode {
    let context = newCipher(call.EVP_aes_128_ctr(), key);
    return {
      apply(buffer, offset, length) {
        if (!context) return false;
        const text = pointer(addressOf(buffer) + offset);
        return (
          call.EVP_CipherInit_ex(context, NULL, NULL, NULL, counter, ENCRYPT) === 1 &&
          call.EVP_CipherUpdate(context, text, written, text, length) === 1
        );
      },
      close() {
        call.EVP_CIPHER_CTX_free(context);
        context = NULL;
      },
    };
  }

  function createMac(key: Uint8Array): Mac {
    let context = call.HMAC_CTX_new();
    if (!context || call.HMAC_Init_ex(context, pointer(addressOf(key)), key.length, call.EVP_sha1(), NULL) !== 1) {
      throw new Error("libcrypto could not set up an HMAC");
    }
    return {
      compute(buffer, offset, length) {
        return (
          !!context &&
          call.HMAC_Init_ex(context, NULL, 0, NULL, NULL) === 1 &&
          call.HMAC_Update(context, pointer(addressOf(buffer) + offset), length) === 1 &&
          call.HMAC_Final(context, digest, written) === 1
        );
      },
      close() {
        call.HMAC_CTX_free(context);
        context = NULL;
      },
    };
  }

  return {
    name: "libcrypto",
    nonce: scratch(0, 12),
    counter: scratch(16, 16),
    digest: scratch(32, 20),
    createAead: key => new GcmAead(key),
    createCounterMode,
    createMac,
  };
}
