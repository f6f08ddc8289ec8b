/**
 * Entity tags that name the ICE session (RFC 9725 §4.3): one for each pair of credentials of the node's, so a restart makes a new.
 * @module
 */
import { attributeOf } from "./sdp.ts";

/** The strong entity tag of the ICE session that an answer describes. */
export const etagOf = (answer: string): string => `"${attributeOf(answer, "ice-ufrag")}"`;

/** What `If-Match` asks for: any ICE session, or one of these. */
export type Precondition = "any" | readonly string[];

/**
 * Read `If-Match` (RFC 9110 §13.1.1), undefined if it is missing. `"*"` means any, as the RFC's own example writes it, and a tag
 * may lack its quotes; a weak one never matches.
 */
export function parseIfMatch(header: string | undefined): Precondition | undefined {
  const text = header?.trim() ?? "";
  if (text === "") return undefined;
  if (text === "*" || text === '"*"') return "any";
  return text
    .split(",")
    .map(tag => tag.trim())
    .filter(tag => tag !== "" && !tag.startsWith("W/"))
    .map(tag => (tag.startsWith('"') ? tag : `"${tag}"`));
}
