import { endianness } from "node:os";
import { loadBunFfi } from "../native/bun-ffi.ts";
import type { Ffi, NativeFunctions, NativeSignature } from "../native/ffi.ts";
import { loadNodeFfi } from "../native/node-ffi.ts";

const functions = {
  __errno_location: { args: [], returns: "pointer" },
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "pointer", "u32"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  dup3: { args: ["i32", "i32", "i32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "pointer", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "pointer", "pointer"], returns: "i32" },
  sendmmsg: { args: ["i32", "pointer", "u32", "i32"], returns: "i32" },
} as const satisfies Record<string, NativeSignature>;

/** glibc on 64-bit little-endian Linux: the struct layouts that we write hold there and only there. */
export interface LinuxLibc {
  readonly ffi: Ffi;
  readonly call: NativeFunctions<typeof functions>;
  /** The thread's errno; read it right after the call that failed. */
  errno(): number;
}

export const Errno = {
  EINTR: 4,
  EIO: 5,
  EAGAIN: 11,
  EINVAL: 22,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  ENOBUFS: 105,
} as const;

let loaded: { readonly libc: LinuxLibc | undefined } | undefined;

/** Undefined on another system, and on a runtime without a foreign function interface (Node before 26). */
export function loadLinuxLibc(): LinuxLibc | undefined {
  loaded ??= { libc: tryToLoad() };
  return loaded.libc;
}

function tryToLoad(): LinuxLibc | undefined {
  const is64Bit = process.arch === "x64" || process.arch === "arm64";
  if (process.platform !== "linux" || !is64Bit || endianness() !== "LE") return undefined;
  const ffi = loadBunFfi() ?? loadNodeFfi();
  const call = ffi?.load("libc.so.6", functions);
  if (!ffi || !call) return undefined;
  const errno = new Int32Array(ffi.view(call.__errno_location(), 4));
  return { ffi, call, errno: () => errno[0]! };
}
