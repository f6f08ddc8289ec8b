/**
 * `application/trickle-ice-sdpfrag` (RFC 8840): what PATCH brings, and what answers an ICE restart.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import { attributeOf } from "./sdp.ts";

export const FRAGMENT = "application/trickle-ice-sdpfrag";

/** ICE credentials of one side. */
export interface IceCredentials {
  readonly ufrag: string;
  readonly password: string;
}

const bad = (detail: string): TandemError => new TandemError("bad-request", detail);

/** RFC 8839 has fewer characters; whatever an encoder makes of it, it is compared and hashed, and never written into a page. */
const VISIBLE = /^[!-~]+$/;

function credential(text: string, name: string, least: number): string {
  const value = attributeOf(text, name);
  if (value === "") throw bad(`a=${name}: missing`);
  if (value.length < least || value.length > 256 || !VISIBLE.test(value)) {
    throw bad(`a=${name}: ${least} to 256 visible characters`);
  }
  return value;
}

/**
 * The credentials that a fragment is for. Its candidates count for nothing: the node is ICE-lite and learns addresses by the
 * checks that come from them, so those of unknown transports and names are passed over with the rest.
 * @throws TandemError `bad-request`, naming the line
 */
export function parseFragment(text: string): IceCredentials {
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line !== "" && !/^[a-z]=\S/.test(line)) throw bad(`line ${index + 1}: not a line of SDP`);
  }
  return { ufrag: credential(text, "ice-ufrag", 4), password: credential(text, "ice-pwd", 22) };
}

/** What an answer says of ICE, as the fragment that answers a restart: credentials and all candidates. */
export function fragmentOf(answer: string): string {
  const [session = "", ...sections] = answer.split(/^(?=m=)/m);
  const tagged = sections.find(section => section.includes("\na=candidate:")) ?? "";
  const lines = (text: string, wanted: RegExp): string[] => text.split("\r\n").filter(line => wanted.test(line));
  return [
    ...lines(session, /^a=(ice-lite$|group:)/),
    `a=ice-ufrag:${attributeOf(answer, "ice-ufrag")}`,
    `a=ice-pwd:${attributeOf(answer, "ice-pwd")}`,
    ...lines(tagged, /^(m=|a=mid:|a=candidate:|a=end-of-candidates$)/),
    "",
  ].join("\r\n");
}
