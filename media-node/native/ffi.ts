/** Types of arguments and results of C functions. */
export type NativeType = "i32" | "u32" | "pointer" | "void";

export interface NativeSignature {
  readonly args: readonly NativeType[];
  readonly returns: NativeType;
}

/** A C pointer in the form that the runtime's calls are fastest with: a number on Bun, a bigint on Node. */
export type Pointer = number | bigint;

export type NativeFunctions<T extends Readonly<Record<string, NativeSignature>>> = {
  readonly [Name in keyof T]: (...args: Pointer[]) => T[Name]["returns"] extends "pointer" ? Pointer : number;
};

/**
 * What a runtime's foreign function interface offers us. Whoever passes a pointer promises that the memory behind it
 * is of {@link allocatePinned}, or stays referenced and untouched until the call returns.
 */
export interface Ffi {
  readonly runtime: "bun" | "node";
  /**
   * Functions of a shared library, or of the process itself for null; undefined when the library or one of them is
   * missing.
   */
  load<T extends Readonly<Record<string, NativeSignature>>>(
    library: string | null,
    functions: T,
  ): NativeFunctions<T> | undefined;
  /** Where the first byte of `bytes` lies now; user space ends below 2^47, so a number holds it. */
  addressOf(bytes: Uint8Array): number;
  /** An address as an argument; 0 gives the null pointer. */
  pointer(address: number): Pointer;
  /** The `length` bytes of foreign memory behind `pointer`. */
  view(pointer: Pointer, length: number): ArrayBuffer;
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
export function allocatePinned(ffi: Ffi, size: number): PinnedMemory {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  pinned.add(bytes);
  return {
    bytes,
    address: ffi.addressOf(bytes),
    release() {
      pinned.delete(bytes);
    },
  };
}
