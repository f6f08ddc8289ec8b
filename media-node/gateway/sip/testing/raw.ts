/** Messages as a scripted peer writes them: by hand, so that the stack's own writer isn't what reads it. */

/** The lines of a header field, names and all. */
export function linesOf(text: string, name: string): string[] {
  const [head = ""] = text.split("\r\n\r\n", 1);
  return head.split("\r\n").filter(line => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
}

/** The first value of a header field, "" if there is none. */
export function fieldOf(text: string, name: string): string {
  return (linesOf(text, name)[0] ?? "").slice(name.length + 1).trim();
}

export function bodyOf(text: string): string {
  return text.slice(text.indexOf("\r\n\r\n") + 4);
}

function finish(lines: readonly string[], body: string): string {
  return `${[...lines, `Content-Length: ${body.length}`].join("\r\n")}\r\n\r\n${body}`;
}

export interface RawOptions {
  /** For a To without one. */
  readonly tag?: string;
  /** Whole lines. */
  readonly lines?: readonly string[];
  readonly sdp?: string;
}

/** @param status line without the version: `200 OK` */
export function rawResponse(request: string, status: string, { tag, lines = [], sdp }: RawOptions = {}): string {
  const [to = ""] = linesOf(request, "To");
  return finish(
    [
      `SIP/2.0 ${status}`,
      ...linesOf(request, "Via"),
      ...linesOf(request, "From"),
      to.includes("tag=") || tag === undefined ? to : `${to};tag=${tag}`,
      ...linesOf(request, "Call-ID"),
      ...linesOf(request, "CSeq"),
      ...lines,
      ...(sdp === undefined ? [] : ["Content-Type: application/sdp"]),
    ],
    sdp ?? "",
  );
}

export interface RawRequest extends RawOptions {
  readonly from?: string;
  readonly to?: string;
  readonly uri?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly via?: string;
  readonly contact?: string;
}

let branches = 0;

/** A request by whoever is at 192.0.2.9, about the user `room`. */
export function rawRequest(method: string, options: RawRequest = {}): string {
  const {
    from = "<sip:peer@192.0.2.9>;tag=peer",
    to = "<sip:room@192.0.2.2>",
    uri = "sip:room@192.0.2.2",
    callId = "call@192.0.2.9",
    cseq = 1,
    branch = `z9hG4bKraw${++branches}`,
    via = "SIP/2.0/UDP 192.0.2.9:5060",
    contact = "<sip:peer@192.0.2.9>",
    lines = [],
    sdp,
  } = options;
  return finish(
    [
      `${method} ${uri} SIP/2.0`,
      `Via: ${via};branch=${branch}`,
      "Max-Forwards: 70",
      `From: ${from}`,
      `To: ${to}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: ${contact}`,
      ...lines,
      ...(sdp === undefined ? [] : ["Content-Type: application/sdp"]),
    ],
    sdp ?? "",
  );
}

/** A plain description of one audio stream. */
export function rawSdp(direction = "sendrecv", address = "192.0.2.9", version = 1): string {
  return [
    "v=0",
    `o=- 1 ${version} IN IP4 ${address}`,
    "s=-",
    `c=IN IP4 ${address}`,
    "t=0 0",
    "m=audio 5000 RTP/AVP 0 101",
    "a=rtpmap:101 telephone-event/8000",
    `a=${direction}`,
    "",
  ].join("\r\n");
}
