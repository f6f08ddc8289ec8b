/**
 * Cutting what is too large for one frame into pages.
 * @module
 */
import { LIMITS } from "../../protocol/limits.ts";

const encoder = new TextEncoder();

/** UTF-8 length in bytes. */
export const byteLength = (text: string): number => encoder.encode(text).byteLength;

// The envelope: type, part, last, and the names of the lists.
const ENVELOPE_BYTES = 512;

/**
 * Frames of one `type` that together carry `lists`, whose items are JSON texts; in order, none over `limit` bytes as long
 * as no single item is. There is always at least one.
 */
export function pagesOf(
  type: "snapshot" | "replay",
  lists: Readonly<Record<string, readonly string[]>>,
  limit: number = LIMITS.edgeFrameBytes,
): string[] {
  const names = Object.keys(lists);
  const fresh = (): Map<string, string[]> => new Map(names.map(name => [name, []]));
  const pages = [fresh()];
  let room = limit - ENVELOPE_BYTES;
  for (const name of names) {
    for (const item of lists[name] ?? []) {
      const size = byteLength(item) + 1;
      if (size > room && room < limit - ENVELOPE_BYTES) {
        pages.push(fresh());
        room = limit - ENVELOPE_BYTES;
      }
      pages.at(-1)?.get(name)?.push(item);
      room -= size;
    }
  }
  return pages.map((page, part) => {
    const content = names.map(name => `"${name}":[${page.get(name)?.join(",")}]`).join(",");
    return `{"type":"${type}","part":${part},"last":${part === pages.length - 1},${content}}`;
  });
}
