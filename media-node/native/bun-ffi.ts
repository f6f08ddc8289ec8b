import type { Ffi, NativeFunctions, NativeSignature } from "./ffi.ts";

type BunFfi = typeof import("bun:ffi");
type BunPointer = Parameters<BunFfi["toArrayBuffer"]>[0];
type RawFunction = (...args: unknown[]) => unknown;

/** `bun:ffi` behind our interface, a call costing some nanoseconds; undefined on other runtimes. */
export function loadBunFfi(): Ffi | undefined {
  if (!("Bun" in globalThis)) return undefined;
  const bun = process.getBuiltinModule("bun:ffi") as BunFfi | undefined;
  if (!bun) return undefined;
  return {
    runtime: "bun",
    load<T extends Readonly<Record<string, NativeSignature>>>(library: string | null, functions: T) {
      if (library === null) return undefined;
      try {
        const { symbols } = bun.dlopen(library, functions);
        const loaded = Object.entries(functions).map(([name, { returns }]) => {
          const call = symbols[name] as unknown as RawFunction;
          // A null pointer comes back as null. Only what returns pointers is wrapped, the rest stays a direct call.
          return [name, returns === "pointer" ? (...args: unknown[]) => call(...args) ?? 0 : call] as const;
        });
        return Object.fromEntries(loaded) as NativeFunctions<T>;
      } catch {
        return undefined;
      }
    },
    addressOf: bun.ptr as (bytes: Uint8Array) => number,
    pointer: address => address,
    view: (pointer, length) => bun.toArrayBuffer(pointer as BunPointer, 0, length),
  };
}
