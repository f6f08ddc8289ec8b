/**
 * Resume tokens: the right to carry on as a participant for as long as the room keeps it. `life.pid.expiry.mac`, where the
 * MAC also covers the room's id, so that a token of one room is nothing in another.
 * @module
 */
import { createHmac } from "node:crypto";
import { TandemError } from "../../protocol/errors.ts";

export interface Seat {
  readonly room: string;
  readonly life: string;
  readonly pid: string;
}

/** A connection that stood for longer than this can't be resumed; each welcome brings a token that counts anew. */
const LIFETIME = 7 * 24 * 3_600_000;

const macOf = (secret: string, { room, life, pid }: Seat, expiry: string): string =>
  createHmac("sha256", secret).update(`resume\n${room}\n${life}\n${pid}\n${expiry}`).digest("base64url");

/** Whether it looks like one: a JWT has three parts. */
export const isResumeToken = (token: string): boolean => token.split(".").length === 4;

/** A token for a seat. Synchronous, so that a room can make one in the middle of a turn. */
export function mintResumeToken(secret: string, seat: Seat, now: number): string {
  const expiry = (now + LIFETIME).toString(36);
  return `${seat.life}.${seat.pid}.${expiry}.${macOf(secret, seat, expiry)}`;
}

/**
 * The seat that a token speaks of.
 * @throws TandemError `token-invalid` or `token-expired`
 */
export function verifyResumeToken(secret: string, room: string, token: string, now: number): Seat {
  const [life, pid, expiry, mac, ...rest] = token.split(".");
  if (!life || !pid || !expiry || !mac || rest.length > 0) throw new TandemError("token-invalid", "not a resume token");
  const seat = { room, life, pid };
  const encoder = new TextEncoder();
  const expected = encoder.encode(macOf(secret, seat, expiry));
  const given = encoder.encode(mac);
  if (given.byteLength !== expected.byteLength || !crypto.subtle.timingSafeEqual(given, expected)) {
    throw new TandemError("token-invalid", "not a resume token of this room");
  }
  if (Number.parseInt(expiry, 36) <= now) throw new TandemError("token-expired");
  return seat;
}
