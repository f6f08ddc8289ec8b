import { DTMF_KEYS } from "../leg/digits-in.ts";

const RELAY = /^application\/dtmf-relay\b/i;
const PLAIN = /^application\/dtmf\b/i;
const SIGNAL = /^\s*signal\s*=\s*(\S+)\s*$/im;

/** The key that an INFO tells, in either form that telephones use; undefined where it is about something else. */
export function keyInInfo(contentType: string, body: Uint8Array): string | undefined {
  if (!RELAY.test(contentType) && !PLAIN.test(contentType)) return undefined;
  const text = Buffer.from(body).toString("latin1").slice(0, 256);
  const said = (RELAY.test(contentType) ? SIGNAL.exec(text)?.[1] : text.trim())?.toUpperCase() ?? "";
  if (said.length === 1 && DTMF_KEYS.includes(said)) return said;
  // Some count events, as RFC 4733 does.
  return /^1[0-5]$/.test(said) ? DTMF_KEYS[Number(said)] : undefined;
}
