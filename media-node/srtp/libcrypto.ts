import { loadBunFfi } from "../native/bun-ffi.ts";
import type { Ffi, NativeFunctions, NativeSignature } from "../native/ffi.ts";
import { loadNodeFfi } from "../native/node-ffi.ts";

const functions = {
  EVP_CIPHER_CTX_new: { args: [], returns: "pointer" },
  EVP_CIPHER_CTX_free: { args: ["pointer"], returns: "void" },
  EVP_aes_128_gcm: { args: [], returns: "pointer" },
  EVP_aes_128_ctr: { args: [], returns: "pointer" },
  EVP_CipherInit_ex: { args: ["pointer", "pointer", "pointer", "pointer", "pointer", "i32"], returns: "i32" },
  EVP_CipherUpdate: { args: ["pointer", "pointer", "pointer", "pointer", "i32"], returns: "i32" },
  EVP_CipherFinal_ex: { args: ["pointer", "pointer", "pointer"], returns: "i32" },
  EVP_CIPHER_CTX_ctrl: { args: ["pointer", "i32", "i32", "pointer"], returns: "i32" },
  HMAC_CTX_new: { args: [], returns: "pointer" },
  HMAC_CTX_free: { args: ["pointer"], returns: "void" },
  EVP_sha1: { args: [], returns: "pointer" },
  HMAC_Init_ex: { args: ["pointer", "pointer", "i32", "pointer", "pointer"], returns: "i32" },
  HMAC_Update: { args: ["pointer", "pointer", "u32"], returns: "i32" },
  HMAC_Final: { args: ["pointer", "pointer", "pointer"], returns: "i32" },
} as const satisfies Record<string, NativeSignature>;

export interface Libcrypto {
  readonly ffi: Ffi;
  readonly call: NativeFunctions<typeof functions>;
}

/**
 * OpenSSL 3's libcrypto by FFI: on Bun the system's, where there is one (Debian always has), on Node the one that Node
 * itself contains. Loading the system's into Node crashes: its inner calls then find Node's functions (26.10).
 */
export function loadLibcrypto(): Libcrypto | undefined {
  const ffi = loadBunFfi() ?? loadNodeFfi();
  const call = ffi?.load(ffi.runtime === "bun" ? "libcrypto.so.3" : null, functions);
  return ffi && call && { ffi, call };
}
