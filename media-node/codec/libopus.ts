/**
 * libopus as WebAssembly, one instance per thread. The package's own door copies every frame into new arrays, so it is
 * bypassed: the module behind it, which exact pinning keeps still, gives the codec's memory itself.
 * @module
 */

/** A place in the codec's memory. */
export type Pointer = number;

/** The C functions we call. Memory may move when it grows: its views are asked for anew every time. */
export interface Libopus {
  readonly HEAPU8: Uint8Array;
  readonly HEAPF32: Float32Array;
  readonly HEAP32: Int32Array;
  _malloc(bytes: number): Pointer;
  _free(pointer: Pointer): void;
  _oc_create_decoder(rate: number, channels: number, error: Pointer): Pointer;
  _oc_destroy_decoder(decoder: Pointer): void;
  _oc_decode_float(
    decoder: Pointer,
    packet: Pointer,
    length: number,
    pcm: Pointer,
    samples: number,
    recover: 0 | 1,
  ): number;
  _oc_create_encoder(rate: number, channels: number, application: number, error: Pointer): Pointer;
  _oc_destroy_encoder(encoder: Pointer): void;
  _oc_encode_float(encoder: Pointer, pcm: Pointer, samples: number, packet: Pointer, room: number): number;
  _oc_encoder_ctl(encoder: Pointer, request: number, value: number): number;
}

let loading: Promise<Libopus> | undefined;

/** Compiles libopus, once. @throws Error when the package isn't there or is another version */
export function loadLibopus(): Promise<Libopus> {
  loading ??= (async () => {
    const inner = new URL("generated/libopus.generated.mjs", import.meta.resolve("libopus-wasm"));
    const { default: instantiate } = (await import(inner.href)) as { default: () => Promise<Libopus> };
    return await instantiate();
  })();
  return loading;
}
