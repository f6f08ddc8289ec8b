import type { ArgumentType, FunctionSignature } from "node:ffi";
import type { Ffi, NativeFunction, NativeSignature } from "./ffi.ts";

/**
 * `node:ffi` behind our interface; undefined on Bun and where Node has none. A call costs 0.15 to 0.4 µs
 * (2026-11-24), so it pays for one call a batch, never for one a packet.
 */
export function loadNodeFfi(): Ffi | undefined {
  if ("Bun" in globalThis) return undefined;
  const node = process.getBuiltinModule("node:ffi");
  if (!node) return undefined;
  return {
    runtime: "node",
    load<N extends string>(library: string, functions: Readonly<Record<N, NativeSignature>>) {
      const names = Object.keys(functions) as N[];
      try {
        const definitions: Record<string, FunctionSignature> = {};
        for (const name of names) {
          definitions[name] = { arguments: functions[name].args as ArgumentType[], return: functions[name].returns };
        }
        const loaded = node.dlopen(library, definitions);
        return Object.fromEntries(
          names.map(name => [name, withNumbers(loaded.functions[name] as RawFunction, functions[name])]),
        ) as Record<N, NativeFunction>;
      } catch {
        return undefined;
      }
    },
    addressOf: bytes => Number(node.getRawPointer(bytes.buffer as ArrayBuffer)) + bytes.byteOffset,
    view: (address, length) => node.toArrayBuffer(BigInt(address), length, false) as ArrayBuffer,
  };
}

type RawFunction = (...args: (number | bigint)[]) => number | bigint;

function withNumbers(call: RawFunction, signature: NativeSignature): NativeFunction {
  return (...args) =>
    Number(call(...args.map((value, i) => (signature.args[i] === "pointer" ? BigInt(value) : value))));
}
