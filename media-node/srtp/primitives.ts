/**
 * The cryptographic primitives under SRTP: one portable set on node:crypto, one on the system's libcrypto. All work
 * in place on `buffer`, whose bounds the caller has checked. Objects hold a key; after `close` they refuse to work.
 */
export interface SrtpPrimitives {
  readonly name: "node:crypto" | "libcrypto";
  /** The caller writes the 12-byte GCM nonce here before each call of an {@link Aead}. */
  readonly nonce: Uint8Array;
  /** The caller writes the first 16-byte counter block here before each call of a {@link CounterMode}. */
  readonly counter: Uint8Array;
  /** A {@link Mac} leaves its 20 bytes here. */
  readonly digest: Uint8Array;
  createAead(key: Uint8Array): Aead;
  createCounterMode(key: Uint8Array): CounterMode;
  createMac(key: Uint8Array): Mac;
}

/** AES-128-GCM with a 16-byte tag standing right behind the text. */
export interface Aead {
  /** Encrypts `length` bytes and writes the tag behind them. False: the buffer must not be sent. */
  seal(
    aad: Uint8Array,
    aadOffset: number,
    aadLength: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): boolean;
  /** Decrypts `length` bytes if the tag behind them is right; otherwise false, and `buffer` is as it was. */
  open(
    aad: Uint8Array,
    aadOffset: number,
    aadLength: number,
    buffer: Uint8Array,
    offset: number,
    length: number,
  ): boolean;
  close(): void;
}

/** AES-128 in counter mode; the same call encrypts and decrypts. */
export interface CounterMode {
  apply(buffer: Uint8Array, offset: number, length: number): boolean;
  close(): void;
}

/** HMAC-SHA1. */
export interface Mac {
  compute(buffer: Uint8Array, offset: number, length: number): boolean;
  close(): void;
}
