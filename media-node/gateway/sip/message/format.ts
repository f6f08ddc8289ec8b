import { headerName, type SipHeaders } from "./headers.ts";
import type { RequestDraft, ResponseDraft } from "./message.ts";

const UNSAFE = /[\r\n]/;

function format(startLine: string, headers: SipHeaders, body: Uint8Array): Uint8Array {
  let head = startLine;
  for (const [key, values] of headers) {
    if (key === "content-length") continue;
    const name = headerName(key);
    for (const value of values) {
      if (UNSAFE.test(value)) throw new TypeError(`line break inside ${name}`);
      head += `\r\n${name}: ${value}`;
    }
  }
  if (UNSAFE.test(startLine)) throw new TypeError("line break inside the start line");
  return Buffer.concat([Buffer.from(`${head}\r\nContent-Length: ${body.length}\r\n\r\n`, "latin1"), body]);
}

/**
 * Writes a request (RFC 3261 §7.1); Content-Length is its own business.
 * @throws TypeError if a value would break out of its line: a defect of the caller, never of a peer
 */
export function formatRequest({ method, uri, headers, body }: RequestDraft): Uint8Array {
  return format(`${method} ${uri} SIP/2.0`, headers, body);
}

/** Writes a response (RFC 3261 §7.2). @throws TypeError as `formatRequest` */
export function formatResponse({ status, reason, headers, body }: ResponseDraft): Uint8Array {
  return format(`SIP/2.0 ${status} ${reason}`, headers, body);
}
