import type { SdpAttribute } from "./description.ts";
import { fail } from "./failure.ts";
import { isToken, readNumber } from "./parse.ts";
import { type Direction, readDirection } from "./rtp-formats.ts";

/** `a=extmap` (RFC 8285). */
export interface OfferedExtension {
  readonly id: number;
  readonly uri: string;
  /** As offered, seen from the offerer; undefined if the line states none. */
  readonly direction: Direction | undefined;
}

/** One layer of a track that the offerer wants to send by RID (RFC 8851, RFC 8853). */
export interface OfferedRid {
  readonly id: string;
  /** Marked `~`: not sent at first. */
  readonly paused: boolean;
}

/** A stream that the offer declares, with its retransmission SSRC (0 if there is none). */
export interface OfferedSsrc {
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly cname: string;
}

/** `a=msid` (RFC 8830). A stream of `-` means: in no stream. */
export interface Msid {
  readonly stream: string;
  readonly track: string;
}

const MAX_EXTENSIONS = 64;
const MAX_RIDS = 16;
const MAX_SSRCS = 64;
/** RFC 8851 §10: what a RID may consist of. */
const RID = /^[A-Za-z0-9_-]{1,255}$/;

export function readExtensions(attributes: readonly SdpAttribute[]): OfferedExtension[] {
  const extensions: OfferedExtension[] = [];
  for (const { name, value, line } of attributes) {
    if (name !== "extmap") continue;
    const [key = "", uri] = value.split(" ", 2);
    const [number, stated] = key.split("/", 2);
    const id = readNumber(number, 5, line, "a=extmap needs an id and a URI");
    if (!uri) fail(line, "a=extmap needs an id and a URI");
    const direction =
      stated === undefined ? undefined : readDirection({ attributes: [{ name: stated, value: "", line }] });
    if (stated !== undefined && direction === undefined) fail(line, `a=extmap with the unknown direction ${stated}`);
    if (extensions.length === MAX_EXTENSIONS) fail(line, `more than ${MAX_EXTENSIONS} a=extmap lines in one section`);
    extensions.push({ id, uri, direction });
  }
  return extensions;
}

/** The layers to be sent, in the order of `a=simulcast` if there is one; of alternatives the first one counts. */
export function readRids(attributes: readonly SdpAttribute[]): { rids: OfferedRid[]; simulcast: boolean } {
  const declared = new Set<string>();
  let simulcast: SdpAttribute | undefined;
  for (const attribute of attributes) {
    const { name, value, line } = attribute;
    if (name === "simulcast") simulcast ??= attribute;
    if (name !== "rid") continue;
    const [id = "", direction] = value.split(" ", 2);
    if (!RID.test(id)) fail(line, "a=rid needs an id of letters, digits, - and _");
    if (direction !== "send" && direction !== "recv") fail(line, "a=rid needs a direction: send or recv");
    if (direction === "send") declared.add(id);
    if (declared.size > MAX_RIDS) fail(line, `more than ${MAX_RIDS} rids on one m= line`);
  }
  if (simulcast === undefined) return { rids: [...declared].map(id => ({ id, paused: false })), simulcast: false };
  const words = simulcast.value.trim().split(/ +/);
  const at = words.indexOf("send");
  const list = at < 0 ? undefined : words[at + 1];
  if (at >= 0 && list === undefined) fail(simulcast.line, "a=simulcast:send needs a list of rids");
  const rids: OfferedRid[] = [];
  for (const alternatives of list?.split(";") ?? []) {
    const first = alternatives.split(",", 1)[0] ?? "";
    const paused = first.startsWith("~");
    const id = paused ? first.slice(1) : first;
    // One without its a=rid line is to be ignored (RFC 8853 §5.2).
    if (declared.delete(id)) rids.push({ id, paused });
  }
  return { rids, simulcast: rids.length > 0 };
}

/** The streams of an m-line in the order of their first mention; retransmission and FEC streams are not among them. */
export function readSsrcs(attributes: readonly SdpAttribute[]): OfferedSsrc[] {
  const cnames = new Map<number, string>();
  const rtx = new Map<number, number>();
  const secondary = new Set<number>();
  for (const { name, value, line } of attributes) {
    if (name === "ssrc") {
      const [number = "", ...rest] = value.split(" ");
      const ssrc = readSsrc(number, line);
      const source = rest.join(" ");
      if (!cnames.has(ssrc)) cnames.set(ssrc, "");
      if (source.startsWith("cname:")) cnames.set(ssrc, source.slice(6));
      if (cnames.size > 2 * MAX_SSRCS) fail(line, `more than ${2 * MAX_SSRCS} SSRCs on one m= line`);
    } else if (name === "ssrc-group") {
      const [semantics, first, second, ...more] = value.split(" ");
      if (semantics !== "FID" && semantics !== "FEC-FR") continue;
      if (more.length > 0) fail(line, `a=ssrc-group:${semantics} needs two SSRCs`);
      const main = readSsrc(first, line);
      const other = readSsrc(second, line);
      secondary.add(other);
      if (semantics === "FID" && !rtx.has(main)) rtx.set(main, other);
      if (secondary.size > 2 * MAX_SSRCS) fail(line, `more than ${2 * MAX_SSRCS} SSRC groups on one m= line`);
    }
  }
  return [...cnames]
    .filter(([ssrc]) => !secondary.has(ssrc))
    .map(([ssrc, cname]) => ({ ssrc, rtxSsrc: rtx.get(ssrc) ?? 0, cname }));
}

function readSsrc(text: string | undefined, line: number): number {
  const ssrc = readNumber(text, 10, line, "an SSRC must be a number");
  if (ssrc > 0xffff_ffff) fail(line, "an SSRC must fit into 32 bits");
  return ssrc;
}

export function readMsid(attributes: readonly SdpAttribute[]): Msid | undefined {
  const found = attributes.find(({ name }) => name === "msid");
  if (found === undefined) return undefined;
  const [stream = "", track = ""] = found.value.split(" ", 2);
  return stream === "" ? undefined : { stream, track };
}

/** `a=mid` (RFC 5888), "" if there is none. */
export function readMid(attributes: readonly SdpAttribute[]): string {
  const found = attributes.find(({ name }) => name === "mid");
  if (found === undefined) return "";
  if (!isToken(found.value) || found.value.length > 255) fail(found.line, "a=mid must be a token");
  return found.value;
}
