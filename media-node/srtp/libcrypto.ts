import { loadBunFfi } from "../native/bun-ffi.ts";
import type { Ffi, NativeFunction, NativeSignature } from "../native/ffi.ts";

const pointer = "pointer";
const i32 = "i32";
const u32 = "u32";

const functions = {
  EVP_CIPHER_CTX_new: { args: [], returns: pointer },
  EVP_CIPHER_CTX_free: { args: [pointer], returns: "void" },
  EVP_aes_128_gcm: { args: [], returns: pointer },
  EVP_aes_128_ctr: { args: [], returns: pointer },
  EVP_CipherInit_ex: { args: [pointer, pointer, pointer, pointer, pointer, i32], returns: i32 },
  EVP_CipherUpdate: { args: [pointer, pointer, pointer, pointer, i32], returns: i32 },
  EVP_CipherFinal_ex: { args: [pointer, pointer, pointer], returns: i32 },
  EVP_CIPHER_CTX_ctrl: { args: [pointer, i32, i32, pointer], returns: i32 },
  HMAC_CTX_new: { args: [], returns: pointer },
  HMAC_CTX_free: { args: [pointer], returns: "void" },
  EVP_sha1: { args: [], returns: pointer },
  HMAC_Init_ex: { args: [pointer, pointer, i32, pointer, pointer], returns: i32 },
  HMAC_Update: { args: [pointer, pointer, u32], returns: i32 },
  HMAC_Final: { args: [pointer, pointer, pointer], returns: i32 },
} satisfies Record<string, NativeSignature>;

export interface Libcrypto {
  readonly ffi: Ffi;
  readonly call: Readonly<Record<keyof typeof functions, NativeFunction>>;
}

/**
 * OpenSSL 3's libcrypto by FFI, where the machine has it (Debian always does). Only on Bun: there a call costs a few
 * nanoseconds; on Node 26 five of them cost more than node:crypto's whole packet (2026-11-24).
 */
export function loadLibcrypto(): Libcrypto | undefined {
  const ffi = loadBunFfi();
  const call = ffi?.load("libcrypto.so.3", functions);
  return ffi && call && { ffi, call };
}
