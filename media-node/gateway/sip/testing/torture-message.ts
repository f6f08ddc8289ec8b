/** A message of RFC 4475, "SIP Torture Test Messages". Bytes beyond ASCII are escaped. */
export interface TortureMessage {
  readonly name: string;
  readonly section: string;
  readonly text: string;
}

export const SDP = [
  "v=0",
  "o=mhandley 29739 7272939 IN IP4 192.0.2.3",
  "s=-",
  "c=IN IP4 192.0.2.4",
  "t=0 0",
  "m=audio 49217 RTP/AVP 0 12",
  "m=video 3227 RTP/AVP 31",
  "a=rtpmap:31 LPC",
  "",
].join("\r\n");
export const repeat = (text: string, times: number): string => text.repeat(times);

/** @param lines of which `#LENGTH#` becomes the length of the body */
export function message(section: string, name: string, lines: readonly string[], body = ""): TortureMessage {
  const counted = lines.map(line => line.replace("#LENGTH#", String(body.length)));
  return { name, section, text: `${counted.join("\r\n")}\r\n\r\n${body}` };
}

/** Fields that many of them have. */
export const VIA = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKkdjuw";
export const FROM = "From: sip:caller@example.net;tag=3234233";
export const TO = "To: sip:user@example.com";
export const CONTACT = "Contact: <sip:caller@host1.example.net>";
