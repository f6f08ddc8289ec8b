import type { SdpAttribute, SdpConnection, SdpDescription, SdpMedia, SdpOrigin } from "./description.ts";
import { fail } from "./failure.ts";

/** 256 KiB: what a description may be on its way here too. */
export const MAX_SDP_LENGTH = 256 * 1024;
export const MAX_SDP_MEDIA = 200;
/** A BUNDLE line naming 200 long mids fits. */
export const MAX_SDP_LINE = 16 * 1024;
/** Of the session, and of each m-line: browsers write some 120. */
export const MAX_SDP_ATTRIBUTES = 1000;

const TYPE_LETTERS = "vosiuepcbtrzka";
const MEDIA_TYPE_LETTERS = "icbka";
const TOKEN = /^[!#$%&'*+\-.^_`{|}~A-Za-z0-9]+$/;
const PROTOCOL = /^[!#$%&'*+\-.^_`{|}~A-Za-z0-9]+(?:\/[!#$%&'*+\-.^_`{|}~A-Za-z0-9]+)*$/;

/** Whether text is a token (RFC 8866 §9), and so safe to be repeated in a description of ours. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Reads an unsigned number of at most `digits` digits, else fails with `reason`. */
export function readNumber(text: string | undefined, digits: number, line: number, reason: string): number {
  if (text === undefined || text.length === 0 || text.length > digits || !/^\d+$/.test(text)) fail(line, reason);
  return Number(text);
}

function readOrigin(value: string, line: number): SdpOrigin {
  const [username, sessionId, version, network, addressType, address, ...rest] = value.split(" ");
  if (!username || !sessionId || !version || network !== "IN" || !addressType || !address || rest.length > 0) {
    fail(line, "o= needs: username, session id, version, IN, address type, address");
  }
  if (!/^\d{1,20}$/.test(sessionId) || !/^\d{1,20}$/.test(version)) {
    fail(line, "session id and version in o= must be numbers of at most 20 digits");
  }
  return { username, sessionId, version, addressType, address };
}

function readConnection(value: string, line: number): SdpConnection {
  const [network, addressType, address, ...rest] = value.split(" ");
  if (network !== "IN" || !addressType || !address || rest.length > 0) {
    fail(line, "c= needs: IN, address type, address");
  }
  return { addressType, address };
}

function readAttribute(value: string, line: number): SdpAttribute {
  const colon = value.indexOf(":");
  const name = colon < 0 ? value : value.slice(0, colon);
  if (!isToken(name)) fail(line, "a= needs a name");
  return { name, value: colon < 0 ? "" : value.slice(colon + 1), line };
}

interface OpenMedia extends SdpMedia {
  connection?: SdpConnection;
  readonly attributes: SdpAttribute[];
}

function readMedia(value: string, line: number): OpenMedia {
  const [kind, port, protocol, ...formats] = value.split(" ").filter(part => part !== "");
  if (kind === undefined || protocol === undefined || formats.length === 0) {
    fail(line, "m= needs: kind, port, protocol, and at least one format");
  }
  if (!isToken(kind) || !PROTOCOL.test(protocol) || !formats.every(isToken)) {
    fail(line, "kind, protocol and formats in m= must be tokens");
  }
  // "port/count" is legal; the count means something to layered multicast only.
  const number = readNumber(port?.split("/", 1)[0], 5, line, "the port in m= must be a number");
  if (number > 65_535) fail(line, "the port in m= is above 65535");
  return { kind, port: number, protocol, formats, attributes: [], line };
}

/**
 * Reads the line grammar of RFC 8866: what every profile (WebRTC, SIP) builds on. Fails on what is no description; what
 * attributes mean is not its business. To be called below `attempt`.
 */
export function parseDescription(text: string): SdpDescription {
  if (text.length > MAX_SDP_LENGTH) fail(0, `longer than ${MAX_SDP_LENGTH} characters`);
  const lines = text.split("\n");
  let origin: SdpOrigin | undefined;
  let connection: SdpConnection | undefined;
  let name = "-";
  const attributes: SdpAttribute[] = [];
  const media: OpenMedia[] = [];
  for (let i = 0; i < lines.length; i++) {
    const number = i + 1;
    const raw = lines[i]!;
    const content = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (content === "") {
      if (lines.slice(i).some(rest => rest.trim() !== "")) fail(number, "empty line");
      break;
    }
    if (content.length > MAX_SDP_LINE) fail(number, `line longer than ${MAX_SDP_LINE} characters`);
    if (content.includes("\r") || content.includes("\0")) fail(number, "carriage return or NUL inside a line");
    const letter = content.charAt(0);
    if (content.charAt(1) !== "=") fail(number, "every line is a letter, =, and a value");
    const value = content.slice(2);
    if (number === 1) {
      if (content !== "v=0") fail(number, "the first line must be v=0");
      continue;
    }
    if (number === 2) {
      if (letter !== "o") fail(number, "the second line must be o=");
      origin = readOrigin(value, number);
      continue;
    }
    if (letter === "m") {
      if (media.length === MAX_SDP_MEDIA) fail(number, `more than ${MAX_SDP_MEDIA} m= lines`);
      media.push(readMedia(value, number));
      continue;
    }
    const current = media.at(-1);
    if (letter === "v" || letter === "o") fail(number, `a second ${letter}=`);
    if (!(current === undefined ? TYPE_LETTERS : MEDIA_TYPE_LETTERS).includes(letter)) {
      fail(number, `${JSON.stringify(letter)}= is not a line of this place`);
    }
    if (letter === "s") name = value;
    else if (letter === "a") {
      const section = current?.attributes ?? attributes;
      if (section.length === MAX_SDP_ATTRIBUTES)
        fail(number, `more than ${MAX_SDP_ATTRIBUTES} a= lines in one section`);
      section.push(readAttribute(value, number));
    } else if (letter === "c" && current === undefined) connection = readConnection(value, number);
    else if (letter === "c" && current !== undefined) current.connection ??= readConnection(value, number);
  }
  if (origin === undefined) fail(Math.min(2, lines.length), "there is no o= line");
  return { origin, name, connection, attributes, media };
}
