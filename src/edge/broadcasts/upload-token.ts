/**
 * Upload tokens: the right of the media node that makes a broadcast to write its files. `pid.expiry.mac`; the MAC also covers room
 * and name.
 * @module
 */
import { createHmac } from "node:crypto";
import { TandemError } from "../../protocol/errors.ts";

/** A broadcast, by the participant that it is. */
export interface BroadcastSeat {
  readonly room: string;
  readonly name: string;
  readonly pid: string;
}

/** A broadcast that lasts longer has to be begun anew. */
const LIFETIME = 7 * 24 * 3_600_000;

const macOf = (secret: string, { room, name, pid }: BroadcastSeat, expiry: string): string =>
  createHmac("sha256", secret).update(`broadcast\n${room}\n${name}\n${pid}\n${expiry}`).digest("base64url");

export function mintUploadToken(secret: string, seat: BroadcastSeat, now: number): string {
  const expiry = (now + LIFETIME).toString(36);
  return `${seat.pid}.${expiry}.${macOf(secret, seat, expiry)}`;
}

/**
 * Whose broadcast a token writes.
 * @throws TandemError `token-invalid` or `token-expired`
 */
export function verifyUploadToken(secret: string, room: string, name: string, token: string, now: number): string {
  const [pid, expiry, mac, ...rest] = token.split(".");
  if (!pid || !expiry || !mac || rest.length > 0) throw new TandemError("token-invalid", "not an upload token");
  const encoder = new TextEncoder();
  const expected = encoder.encode(macOf(secret, { room, name, pid }, expiry));
  const given = encoder.encode(mac);
  if (given.byteLength !== expected.byteLength || !crypto.subtle.timingSafeEqual(given, expected)) {
    throw new TandemError("token-invalid", "not an upload token of this broadcast");
  }
  if (Number.parseInt(expiry, 36) <= now) throw new TandemError("token-expired");
  return pid;
}
