import { createReader } from "./bytes.ts";

/** Parsers for the bodies of a client's second flight; each gives undefined when the body is malformed. */

/** The first certificate of the chain, empty if the client sent none (RFC 5246 §7.4.6). */
export function parseCertificate(body: Uint8Array): Uint8Array | undefined {
  const reader = createReader(body);
  const chain = createReader(reader.vector24());
  if (reader.failed || reader.remaining > 0) return undefined;
  if (chain.remaining === 0) return new Uint8Array(0);
  const leaf = chain.vector24();
  while (chain.remaining > 0) chain.vector24();
  return chain.failed ? undefined : leaf;
}

/** The client's ephemeral public key (RFC 8422 §5.7). */
export function parseClientKeyExchange(body: Uint8Array): Uint8Array | undefined {
  const reader = createReader(body);
  const publicKey = reader.vector8();
  return reader.failed || reader.remaining > 0 ? undefined : publicKey;
}

export function parseCertificateVerify(body: Uint8Array): { scheme: number; signature: Uint8Array } | undefined {
  const reader = createReader(body);
  const scheme = reader.u16();
  const signature = reader.vector16();
  return reader.failed || reader.remaining > 0 ? undefined : { scheme, signature };
}
