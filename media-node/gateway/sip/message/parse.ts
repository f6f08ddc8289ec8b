import { header, headerKey, headerList, type SipHeaders } from "./headers.ts";
import { NO_BODY, type SipRequest, type SipResponse } from "./message.ts";
import { type NameAddress, parseNameAddress } from "./name-address.ts";
import { isToken, parseInteger } from "./syntax.ts";
import { parseUri } from "./uri.ts";
import { parseVia, type SipVia } from "./via.ts";

/** Start line and header fields together. */
export const MAX_HEAD = 16 * 1024;
export const MAX_BODY = 64 * 1024;
const MAX_FIELDS = 256;
/** RFC 3261 §8.1.1.5. */
const MAX_CSEQ = 2 ** 31 - 1;

/** A request that can't be taken, but answered: what the answer needs is there, nothing else is checked. */
export interface MalformedRequest {
  readonly status: 400 | 505;
  readonly reason: string;
  readonly method: string;
  readonly headers: SipHeaders;
  readonly via: SipVia;
}

export type ParsedMessage =
  | { readonly kind: "request"; readonly request: SipRequest }
  | { readonly kind: "response"; readonly response: SipResponse }
  | { readonly kind: "malformed"; readonly malformed: MalformedRequest };

const REQUEST_LINE = /^([^ ]+) (.*)SIP\/(\d{1,3}\.\d{1,3})( *)$/i;
const STATUS_LINE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/i;
const FIELD = /^([A-Za-z0-9\-.!%*_+`'~]+)[ \t]*:(.*)$/s;
const CSEQ = /^(\d{1,20})\s+(\S+)$/;
/** Fields of which a message has at most one. */
const SINGLE = ["from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type"];

/** Reads the lines of a head; undefined if they aren't header fields. */
function readHeaders(lines: readonly string[]): SipHeaders | undefined {
  const headers: SipHeaders = new Map();
  let values: string[] | undefined;
  let fields = 0;
  for (const line of lines) {
    if (line.startsWith(" ") || line.startsWith("\t")) {
      // A folded line goes on where the one before ended (RFC 3261 §7.3.1).
      if (!values) return undefined;
      values.push(`${values.pop()} ${line.trim()}`.trim());
      continue;
    }
    const match = FIELD.exec(line);
    if (!match || ++fields > MAX_FIELDS) return undefined;
    const key = headerKey(match[1]!);
    values = headers.get(key);
    if (!values) {
      values = [];
      headers.set(key, values);
    }
    values.push(match[2]!.trim());
  }
  return headers;
}

/** A message cut into its parts, before anything is known of them. */
interface Parts {
  readonly startLine: string;
  readonly headers: SipHeaders;
  readonly rest: Uint8Array;
}

function cut(bytes: Uint8Array): Parts | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let start = 0;
  while (buffer[start] === 0x0d && buffer[start + 1] === 0x0a) start += 2;
  const end = buffer.indexOf("\r\n\r\n", start);
  if (end < 0 || end - start > MAX_HEAD) return undefined;
  const lines = buffer.toString("latin1", start, end).split("\r\n");
  if (lines.some(line => line.includes("\r") || line.includes("\n"))) return undefined;
  const headers = readHeaders(lines.slice(1));
  return headers && { startLine: lines[0]!, headers, rest: bytes.subarray(end + 4) };
}

interface Common {
  readonly from: NameAddress;
  readonly to: NameAddress;
  readonly callId: string;
  readonly cseq: number;
  readonly cseqMethod: string;
  readonly body: Uint8Array;
}

/** Checks what requests and responses have in common; a text says what is wrong. */
function readCommon({ headers, rest }: Parts): Common | string {
  for (const key of SINGLE) if ((headers.get(key)?.length ?? 0) > 1) return `Multiple ${key} values`;
  const fromText = header(headers, "from");
  const toText = header(headers, "to");
  const callId = header(headers, "call-id");
  const cseqText = header(headers, "cseq");
  if (!fromText || !toText || !callId || !cseqText) return "Missing required header field";
  const from = parseNameAddress(fromText);
  if (!from) return "Bad From";
  const to = parseNameAddress(toText);
  if (!to) return "Bad To";
  if (/\s/.test(callId)) return "Bad Call-ID";
  const match = CSEQ.exec(cseqText);
  const cseq = match ? parseInteger(match[1]!, MAX_CSEQ) : undefined;
  if (!match || cseq === undefined) return "Bad CSeq";
  const lengthText = header(headers, "content-length");
  const length = lengthText === undefined ? rest.length : parseInteger(lengthText, 0xffff_ffff);
  if (length === undefined || length > rest.length || length > MAX_BODY) return "Bad Content-Length";
  // Bytes beyond it are nothing (RFC 3261 §18.3).
  const body = length === 0 ? NO_BODY : rest.slice(0, length);
  return { from, to, callId, cseq, cseqMethod: match[2]!, body };
}

function checkRequest(method: string, headers: SipHeaders, common: Common): string | undefined {
  if (common.cseqMethod !== method) return "CSeq method mismatch";
  const maxForwards = header(headers, "max-forwards");
  if (maxForwards !== undefined && parseInteger(maxForwards, 255) === undefined) return "Bad Max-Forwards";
  const contacts = headerList(headers, "contact");
  if (!contacts?.every(value => value === "*" || parseNameAddress(value))) return "Bad Contact";
  for (const key of ["route", "record-route"])
    if (!headerList(headers, key)?.every(parseNameAddress)) return `Bad ${key}`;
  return undefined;
}

/**
 * Reads one message: a datagram, a WebSocket message, or what a framer cut out of a stream (RFC 3261 §7). Never throws,
 * takes linear time.
 * @param bytes copied where they are kept
 * @returns undefined for what gets no answer: bytes that are no SIP, broken responses and ACKs, requests without a Via
 */
export function parseMessage(bytes: Uint8Array): ParsedMessage | undefined {
  const parts = cut(bytes);
  if (!parts) return undefined;
  const { startLine, headers } = parts;
  const vias = headerList(headers, "via");
  const via = vias?.[0] === undefined ? undefined : parseVia(vias[0]);
  if (vias) headers.set("via", vias);
  const status = STATUS_LINE.exec(startLine);
  if (status) {
    const common = readCommon(parts);
    if (!via || typeof common === "string") return undefined;
    const { cseqMethod: method, ...rest } = common;
    const reason = status[2] ?? "";
    return { kind: "response", response: { status: Number(status[1]), reason, method, headers, via, ...rest } };
  }
  const line = REQUEST_LINE.exec(startLine);
  if (!line || !isToken(line[1]!)) return undefined;
  const method = line[1]!;
  const uri = line[2]!.slice(0, -1);
  const firstVia = via ?? viaBeforeGarbage(headers);
  if (!firstVia) return undefined;
  const malformed = (reason: string, code: 400 | 505 = 400): ParsedMessage | undefined =>
    method === "ACK"
      ? undefined
      : { kind: "malformed", malformed: { status: code, reason, method, headers, via: firstVia } };
  if (line[3] !== "2.0") return malformed("Version Not Supported", 505);
  if (!vias?.every(value => parseVia(value))) return malformed("Bad Via");
  const common = readCommon(parts);
  if (typeof common === "string") return malformed(common);
  const target = line[4] === "" && line[2]!.endsWith(" ") ? parseUri(uri) : undefined;
  // What a URI asks to be added to a request has no place in a request (RFC 3261 §19.1.1, table 1).
  if (target?.headers !== "") return malformed("Bad Request-URI");
  const defect = checkRequest(method, headers, common);
  if (defect !== undefined) return malformed(defect);
  const { cseqMethod: _, ...rest } = common;
  return { kind: "request", request: { method, uri, target, headers, via: firstVia, ...rest } };
}

/** The sender of a request whose Via list is broken further on: enough to tell it so. */
function viaBeforeGarbage(headers: SipHeaders): SipVia | undefined {
  const first = header(headers, "via");
  return first === undefined ? undefined : parseVia(first.split(/[;,]/, 1)[0]!);
}
