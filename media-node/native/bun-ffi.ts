import type { Ffi, NativeFunction, NativeSignature } from "./ffi.ts";

type BunFfi = typeof import("bun:ffi");

/** `bun:ffi` behind our interface; undefined on other runtimes. */
export function loadBunFfi(): Ffi | undefined {
  if (!("Bun" in globalThis)) return undefined;
  const bun = process.getBuiltinModule("bun:ffi") as BunFfi | undefined;
  if (!bun) return undefined;
  return {
    runtime: "bun",
    load<N extends string>(library: string, functions: Readonly<Record<N, NativeSignature>>) {
      const names = Object.keys(functions) as N[];
      try {
        const definitions = names.map(name => [name, functions[name]] as const);
        const { symbols } = bun.dlopen(library, Object.fromEntries(definitions));
        return Object.fromEntries(
          names.map(name => {
            const call = symbols[name] as unknown as (...args: number[]) => number | null;
            // A null pointer comes back as null; wrap only what returns pointers, the rest stays a direct call.
            const plain = functions[name].returns === "pointer" ? (...args: number[]) => call(...args) ?? 0 : call;
            return [name, plain as NativeFunction];
          }),
        ) as Record<N, NativeFunction>;
      } catch {
        return undefined;
      }
    },
    addressOf: bun.ptr as (bytes: Uint8Array) => number,
    view: (address, length) => bun.toArrayBuffer(address as Parameters<BunFfi["toArrayBuffer"]>[0], 0, length),
  };
}
