import type { ArgumentType, FunctionSignature } from "node:ffi";
import type { Ffi, NativeFunctions, NativeSignature } from "./ffi.ts";

/**
 * `node:ffi` behind our interface, a call costing 20 to 50 ns where pointers are bigints, several times that where they
 * are buffers (26.10); undefined on Bun and where Node has none (before 26).
 */
export function loadNodeFfi(): Ffi | undefined {
  if ("Bun" in globalThis) return undefined;
  const node = process.getBuiltinModule("node:ffi");
  if (!node) return undefined;
  // Finding an address costs 80 ns, and packets come out of one slab. V8 never moves what an ArrayBuffer holds.
  let lastBytes: Uint8Array | undefined;
  let lastAddress = 0;
  return {
    runtime: "node",
    load<T extends Readonly<Record<string, NativeSignature>>>(library: string | null, functions: T) {
      const definitions: Record<string, FunctionSignature> = {};
      for (const [name, { args, returns }] of Object.entries(functions)) {
        definitions[name] = { arguments: args as ArgumentType[], return: returns };
      }
      try {
        return node.dlopen(library, definitions).functions as unknown as NativeFunctions<T>;
      } catch {
        return undefined;
      }
    },
    addressOf(bytes) {
      if (bytes !== lastBytes) {
        lastAddress = Number(node.getRawPointer(bytes.buffer as ArrayBuffer)) + bytes.byteOffset;
        lastBytes = bytes;
      }
      return lastAddress;
    },
    pointer: BigInt,
    view: (pointer, length) => node.toArrayBuffer(BigInt(pointer), length, false) as ArrayBuffer,
  };
}
