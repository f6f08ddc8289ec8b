/** Serial number arithmetic (RFC 1982) over 32-bit TSNs and 16-bit stream sequence numbers. */

/** Whether TSN `a` is later than `b`. */
export const isAfter = (a: number, b: number): boolean => ((a - b) | 0) > 0;

/** TSN `count` after `tsn`; negative counts go back. */
export const plus = (tsn: number, count: number): number => (tsn + count) >>> 0;

/** How far `to` is ahead of `from`, modulo 2^32. */
export const distance = (from: number, to: number): number => (to - from) >>> 0;

export const isAfter16 = (a: number, b: number): boolean => ((a - b) << 16) >> 16 > 0;

export const next16 = (number: number): number => (number + 1) & 0xffff;
