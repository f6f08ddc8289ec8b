/**
 * What the edge reads of descriptions: enough to refuse what no answer could be right for. The media node reads them in full.
 * @module
 */

/** One m-line. */
export interface Section {
  /** Line of the text, from 1. */
  readonly line: number;
  /** `audio`, `video`, `application`, … */
  readonly media: string;
  /** Port 0 without `a=bundle-only`: it carries nothing. */
  readonly stopped: boolean;
  /** `sendrecv`, `sendonly`, `recvonly` or `inactive`. */
  readonly direction: string;
}

const DIRECTION = /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/;

/** The m-lines of a description, in order. */
export function sectionsOf(sdp: string): Section[] {
  const sections: { line: number; media: string; port: string; direction?: string; bundleOnly: boolean }[] = [];
  let common = "sendrecv";
  for (const [index, text] of sdp.split(/\r?\n/).entries()) {
    const last = sections.at(-1);
    const [, media, port] = /^m=(\S+) (\d+)/.exec(text) ?? [];
    const [, direction] = DIRECTION.exec(text) ?? [];
    if (media !== undefined) sections.push({ line: index + 1, media, port: port ?? "", bundleOnly: false });
    else if (direction !== undefined && last) last.direction = direction;
    else if (direction !== undefined) common = direction;
    else if (last && text.startsWith("a=bundle-only")) last.bundleOnly = true;
  }
  return sections.map(({ line, media, port, direction = common, bundleOnly }) => ({
    line,
    media,
    direction,
    stopped: port === "0" && !bundleOnly,
  }));
}

/** The value of the first `a=` line of that name, or "". */
export const attributeOf = (sdp: string, name: string): string =>
  new RegExp(`^a=${name}:([^\r\n]*)`, "m").exec(sdp)?.[1]?.trim() ?? "";
