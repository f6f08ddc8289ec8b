/**
 * A WebSocket's opening handshake (RFC 6455 §4.2), as a server reads and answers it.
 * @module
 */
import { createHash } from "node:crypto";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MAX_HANDSHAKE = 8 * 1024;

/** What to do about the bytes of a handshake. */
export type Handshake =
  | { readonly kind: "incomplete" }
  /** Answer so; frames follow from `rest` on. `protocols` are those that were offered. */
  | {
      readonly kind: "accepted";
      readonly answer: string;
      readonly rest: Uint8Array;
      readonly protocols: readonly string[];
    }
  /** Answer so and close. */
  | { readonly kind: "refused"; readonly answer: string };

function refused(status: string): Handshake {
  return { kind: "refused", answer: `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n` };
}

/** Reads an opening handshake; it must offer the subprotocol `protocol`. */
export function readHandshake(bytes: Uint8Array, protocol: string): Handshake {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.indexOf("\r\n\r\n");
  if (end < 0)
    return bytes.length > MAX_HANDSHAKE ? refused("431 Request Header Fields Too Large") : { kind: "incomplete" };
  const [start = "", ...lines] = buffer.toString("latin1", 0, end).split("\r\n");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields.set(name, fields.has(name) ? `${fields.get(name)},${value}` : value);
  }
  const list = (name: string): string[] => (fields.get(name) ?? "").split(",").map(part => part.trim());
  const holds = (name: string, token: string): boolean => list(name).some(part => part.toLowerCase() === token);
  const key = fields.get("sec-websocket-key") ?? "";
  const isUpgrade = holds("upgrade", "websocket") && holds("connection", "upgrade");
  if (!/^GET \S+ HTTP\/1\.1$/.test(start) || !isUpgrade || !/^[A-Za-z0-9+/]{22}==$/.test(key))
    return refused("400 Bad Request");
  if (fields.get("sec-websocket-version") !== "13") return refused("426 Upgrade Required\r\nSec-WebSocket-Version: 13");
  if (!holds("sec-websocket-protocol", protocol)) return refused("400 Bad Request");
  const accept = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  const answer = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${protocol}`,
    "\r\n",
  ].join("\r\n");
  return { kind: "accepted", answer, rest: bytes.subarray(end + 4), protocols: list("sec-websocket-protocol") };
}
