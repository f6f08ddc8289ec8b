/** Opus packets of 20 ms as a file that any player plays: Ogg (RFC 3533, RFC 7845). Mono. */
const FRAME = 960;
/** Samples (48 kHz) that come before the first real one: the encoder's delay. */
const PRE_SKIP = 312;
const SERIAL = 1;
const FIRST = 2;
const LAST = 4;
const MAX_SEGMENTS = 255;

/** CRC-32 as Ogg has it: not reflected, beginning with 0. */
function checksum(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

export function writeOggOpus(packets: readonly Uint8Array[], rate: number): Buffer {
  const pages: Buffer[] = [];

  function page(held: readonly Uint8Array[], granule: number, flags: number): void {
    const lacing = held.flatMap(({ length }) => [...Array<number>(Math.floor(length / 255)).fill(255), length % 255]);
    const header = Buffer.alloc(27);
    header.write("OggS");
    header[5] = flags;
    header.writeBigUInt64LE(BigInt(granule), 6);
    header.writeUInt32LE(SERIAL, 14);
    header.writeUInt32LE(pages.length, 18);
    header[26] = lacing.length;
    const bytes = Buffer.concat([header, Buffer.from(lacing), ...held]);
    bytes.writeUInt32LE(checksum(bytes), 22);
    pages.push(bytes);
  }

  const head = Buffer.alloc(19);
  head.write("OpusHead");
  head[8] = 1;
  head[9] = 1;
  head.writeUInt16LE(PRE_SKIP, 10);
  head.writeUInt32LE(rate, 12);
  page([head], 0, FIRST);
  const vendor = Buffer.from("tandem");
  const tags = Buffer.alloc(16 + vendor.length);
  tags.write("OpusTags");
  tags.writeUInt32LE(vendor.length, 8);
  vendor.copy(tags, 12);
  page([tags], 0, 0);

  for (let at = 0; at < packets.length; ) {
    const from = at;
    for (let segments = 0; at < packets.length; at++) {
      segments += Math.floor((packets[at]?.length ?? 0) / 255) + 1;
      if (segments > MAX_SEGMENTS) break;
    }
    page(packets.slice(from, at), at * FRAME, at === packets.length ? LAST : 0);
  }
  return Buffer.concat(pages);
}
