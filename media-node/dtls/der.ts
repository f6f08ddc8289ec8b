/** The few lines of ASN.1 DER (X.690) that writing a certificate takes. Each function returns one encoded value. */

function encode(tag: number, ...parts: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts);
  const length: number[] = [];
  if (body.length < 128) length.push(body.length);
  else if (body.length < 256) length.push(0x81, body.length);
  else length.push(0x82, body.length >> 8, body.length & 255);
  return Buffer.concat([Uint8Array.of(tag, ...length), body]);
}

export const sequence = (...parts: Uint8Array[]): Uint8Array => encode(0x30, ...parts);
export const set = (...parts: Uint8Array[]): Uint8Array => encode(0x31, ...parts);
export const utf8String = (text: string): Uint8Array => encode(0x0c, Buffer.from(text));

/** A non-negative INTEGER from its big-endian magnitude without leading zero bytes. */
export function unsigned(magnitude: Uint8Array): Uint8Array {
  return magnitude[0]! >= 128 ? encode(0x02, Uint8Array.of(0), magnitude) : encode(0x02, magnitude);
}

/** A BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array): Uint8Array => encode(0x03, Uint8Array.of(0), bytes);

/** An explicitly tagged value, `[number] EXPLICIT`. */
export const explicit = (number: number, value: Uint8Array): Uint8Array => encode(0xa0 | number, value);

/** UTCTime; holds until 2049 (RFC 5280 §4.1.2.5). `time` in ms since 1970. */
export function utcTime(time: number): Uint8Array {
  const digits = new Date(time).toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return encode(0x17, Buffer.from(`${digits}Z`));
}

/** An OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Uint8Array {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first! * 40 + second!];
  for (const arc of rest) {
    const septets = [arc & 127];
    for (let high = arc >>> 7; high > 0; high >>>= 7) septets.unshift(128 | (high & 127));
    bytes.push(...septets);
  }
  return encode(0x06, Uint8Array.from(bytes));
}
