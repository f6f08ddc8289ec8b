import type { SdpMedia } from "./description.ts";
import { fail } from "./failure.ts";
import { isToken, readNumber } from "./parse.ts";

/** One payload type of an RTP m-line, with all that rtpmap, fmtp and rtcp-fb say of it (RFC 8866 §6.6, §6.15, RFC 4585). */
export interface RtpFormat {
  readonly payloadType: number;
  /** Encoding name as written; compare without case (`opus`, `OPUS`). */
  readonly name: string;
  readonly clockRate: number;
  /** 1 for video too. */
  readonly channels: number;
  /** Raw fmtp value, "" if there is none. */
  readonly parameters: string;
  /** rtcp-fb values, those for `*` included: `nack`, `nack pli`, … */
  readonly feedback: readonly string[];
  /** Line of its rtpmap, or of the m-line for static payload types. */
  readonly line: number;
}

/** Payload types that need no rtpmap (RFC 3551 §6), as far as they are still met. G.722's clock is 8000 by decree. */
const STATIC: Readonly<Record<number, readonly [name: string, clockRate: number]>> = {
  0: ["PCMU", 8000],
  3: ["GSM", 8000],
  8: ["PCMA", 8000],
  9: ["G722", 8000],
  13: ["CN", 8000],
  18: ["G729", 8000],
};

interface OpenFormat extends RtpFormat {
  parameters: string;
  readonly feedback: string[];
}

/** Wildcards multiply: a hostile text must not make millions of them. */
const MAX_FEEDBACK = 32;

function addFeedback(format: OpenFormat | undefined, feedback: string): void {
  if (format !== undefined && format.feedback.length < MAX_FEEDBACK) format.feedback.push(feedback);
}

function splitPayloadType(value: string, line: number, name: string): [payloadType: number, rest: string] {
  const space = value.indexOf(" ");
  const reason = `a=${name} needs a payload type and a value`;
  const payloadType = readNumber(space < 0 ? undefined : value.slice(0, space), 3, line, reason);
  return [payloadType, value.slice(space + 1).trim()];
}

/**
 * Reads the payload types of an RTP m-line in the order of preference. Those without a mapping are left out, as are lines
 * about payload types that the m-line doesn't list (Firefox writes some).
 */
export function readRtpFormats(media: SdpMedia): RtpFormat[] {
  const listed = new Set<number>();
  for (const format of media.formats) {
    const payloadType = readNumber(format, 3, media.line, "payload types in m= must be numbers");
    if (payloadType > 127) fail(media.line, `payload type ${payloadType} is above 127`);
    listed.add(payloadType);
  }
  const formats = new Map<number, OpenFormat>();
  const add = (payloadType: number, name: string, clockRate: number, channels: number, line: number) => {
    formats.set(payloadType, { payloadType, name, clockRate, channels, parameters: "", feedback: [], line });
  };
  for (const { name, value, line } of media.attributes) {
    if (name !== "rtpmap") continue;
    const [payloadType, encoding] = splitPayloadType(value, line, name);
    const [encodingName, clock, channels] = encoding.split("/");
    if (encodingName === undefined || !isToken(encodingName)) fail(line, "a=rtpmap needs an encoding name");
    const clockRate = readNumber(clock, 7, line, "a=rtpmap needs a clock rate");
    const channelCount =
      channels === undefined ? 1 : readNumber(channels, 2, line, "channels in a=rtpmap must be a number");
    if (listed.has(payloadType) && !formats.has(payloadType)) {
      add(payloadType, encodingName, clockRate, channelCount, line);
    }
  }
  for (const payloadType of listed) {
    const known = STATIC[payloadType];
    if (known !== undefined && !formats.has(payloadType)) add(payloadType, known[0], known[1], 1, media.line);
  }
  // Firefox writes its lines by alphabet, so that fmtp comes before rtpmap.
  for (const { name, value, line } of media.attributes) {
    if (name === "fmtp") {
      const [payloadType, parameters] = splitPayloadType(value, line, name);
      const format = formats.get(payloadType);
      if (format?.parameters === "") format.parameters = parameters;
    } else if (name === "rtcp-fb") {
      if (value.startsWith("* ")) {
        for (const format of formats.values()) addFeedback(format, value.slice(2).trim());
        continue;
      }
      const [payloadType, feedback] = splitPayloadType(value, line, name);
      addFeedback(formats.get(payloadType), feedback);
    }
  }
  return [...listed].flatMap(payloadType => formats.get(payloadType) ?? []);
}

/** The parameters of an fmtp value of the form `a=1;b=2`: names in lower case, values as written. */
export function formatParameters(parameters: string): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const part of parameters.split(";")) {
    const equals = part.indexOf("=");
    if (equals > 0) map.set(part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1).trim());
  }
  return map;
}

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** The direction that attributes state, if any (RFC 8866 §6.7). */
export function readDirection(media: Pick<SdpMedia, "attributes">): Direction | undefined {
  for (const { name } of media.attributes) {
    if (name === "sendrecv" || name === "sendonly" || name === "recvonly" || name === "inactive") return name;
  }
  return undefined;
}
