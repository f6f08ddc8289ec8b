const HEADER = 27;
/** A packet's last segment is shorter than this. */
const FULL = 255;

/**
 * The packets of an Ogg file (RFC 3533) that holds one stream of Opus (RFC 7845), without its two headers.
 * @throws Error for one that is none
 */
export function readOggOpus(file: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let part: Uint8Array[] = [];
  for (let at = 0; at < file.length; ) {
    const segments = file[at + HEADER - 1] ?? 0;
    let from = at + HEADER + segments;
    if (Buffer.from(file.subarray(at, at + 4)).toString("latin1") !== "OggS" || from > file.length)
      throw new Error("is no Ogg file");
    for (let i = 0; i < segments; i++) {
      const length = file[at + HEADER + i]!;
      if (from + length > file.length) throw new Error("ends too soon");
      part.push(file.subarray(from, from + length));
      from += length;
      if (length === FULL) continue;
      packets.push(Uint8Array.from(Buffer.concat(part)));
      part = [];
    }
    at = from;
  }
  if (
    !Buffer.from(packets[0] ?? [])
      .toString("latin1")
      .startsWith("OpusHead")
  )
    throw new Error("is no Opus file");
  return packets.slice(2);
}
