const TABLE = new Uint32Array(256).map((_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value;
});

/**
 * CRC-32C (Castagnoli), the checksum of SCTP (RFC 9260 appendix A), with the four bytes at `blank` taken as zero:
 * there the checksum itself stands.
 */
export function crc32c(bytes: Uint8Array, blank = Number.POSITIVE_INFINITY): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) {
    const byte = at >= blank && at < blank + 4 ? 0 : bytes[at]!;
    crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}
