import { expect, it } from "vitest";
import { loadBunFfi } from "./bun-ffi.ts";
import { allocatePinned } from "./ffi.ts";
import { loadNodeFfi } from "./node-ffi.ts";

/** The pinned runtimes have one; without it all that stands on it falls back, which other tests show. */
const ffi = (loadBunFfi() ?? loadNodeFfi())!;

const functions = {
  getpid: { args: [], returns: "i32" },
  memcpy: { args: ["pointer", "pointer", "u32"], returns: "pointer" },
  getenv: { args: ["pointer"], returns: "pointer" },
} as const;

it("calls functions with numbers and pointers", () => {
  const libc = ffi.load("libc.so.6", functions)!;
  expect(libc.getpid()).toBe(process.pid);
  const from = allocatePinned(ffi, 8);
  const to = allocatePinned(ffi, 8);
  from.bytes.set([1, 2, 3, 4, 5]);
  const result = libc.memcpy(ffi.pointer(to.address + 1), ffi.pointer(from.address), 5);
  expect(Number(result)).toBe(to.address + 1);
  expect([...to.bytes]).toEqual([0, 1, 2, 3, 4, 5, 0, 0]);
  expect([...new Uint8Array(ffi.view(ffi.pointer(to.address), 4))]).toEqual([0, 1, 2, 3]);
});

it("gives a false value for a null pointer", () => {
  const libc = ffi.load("libc.so.6", functions)!;
  const name = allocatePinned(ffi, 16);
  expect(libc.getenv(ffi.pointer(name.address))).toBeFalsy();
});

it("has no library or function that isn't there", () => {
  expect(ffi.load("libnone-of-ours.so.9", functions)).toBeUndefined();
  expect(ffi.load("libc.so.6", { no_such_function: { args: [], returns: "void" } })).toBeUndefined();
});

it("keeps pinned memory where it is while other memory comes and goes", () => {
  const small = allocatePinned(ffi, 8);
  small.bytes[7] = 42;
  for (let i = 0; i < 2000; i++) new Uint8Array(10_000).buffer.slice(1);
  expect(ffi.addressOf(small.bytes)).toBe(small.address);
  expect(new Uint8Array(ffi.view(ffi.pointer(small.address), 8))[7]).toBe(42);
  expect(ffi.addressOf(small.bytes.subarray(3))).toBe(small.address + 3);
});
