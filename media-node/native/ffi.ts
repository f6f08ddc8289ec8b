/** Types of arguments and results of C functions. Pointers are plain numbers (user space ends below 2^47), null is 0. */
export type NativeType = "i32" | "u32" | "pointer" | "void";

export interface NativeSignature {
  readonly args: readonly NativeType[];
  readonly returns: NativeType;
}

export type NativeFunction = (...args: number[]) => number;

/**
 * What a runtime's foreign function interface offers us. Whoever passes an address promises that the memory behind
 * it is of {@link allocatePinned}, or stays referenced and untouched until the call returns.
 */
export interface Ffi {
  readonly runtime: "bun" | "node";
  /** The named functions of a shared library; undefined when the library or one of them is missing. */
  load<N extends string>(
    library: string,
    functions: Readonly<Record<N, NativeSignature>>,
  ): Readonly<Record<N, NativeFunction>> | undefined;
  /** Where the first byte of `bytes` lies now. */
  addressOf(bytes: Uint8Array): number;
  /** The `length` bytes of foreign memory at `address`. */
  view(address: number, length: number): ArrayBuffer;
}

/** Memory that native code may keep the address of: it neither moves nor is collected before `release`. */
export interface PinnedMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: number;
  release(): void;
}

const pinned = new Set<Uint8Array>();

/**
 * Zeroed memory at an address that stays. Bun moves a small `new Uint8Array(n)` when its `buffer` is first touched,
 * and both runtimes collect what only C knows of (2026-11-24): hence the explicit ArrayBuffer and the set.
 */
export function allocatePinned(native: Ffi, size: number): PinnedMemory {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  pinned.add(bytes);
  return {
    bytes,
    address: native.addressOf(bytes),
    release() {
      pinned.delete(bytes);
    },
  };
}
