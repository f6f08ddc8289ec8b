import { randomBytes } from "node:crypto";
import { RESERVATION_LIFETIME } from "./limits.ts";

/** Ports kept for the second of a pair of allocations (RFC 8656 §7.2, EVEN-PORT with the R bit). */
export interface Reservations {
  /** Keeps a port that the pool gave out. Returns the 8 bytes of its RESERVATION-TOKEN. */
  add(identity: string, family: number, port: number, now: number): Uint8Array;
  /** The reservation behind a token, which is used up; undefined if there is none for that identity. */
  take(token: Uint8Array, identity: string, now: number): Reservation | undefined;
  /** Gives ports back that nobody came for. */
  sweep(now: number): void;
}

export interface Reservation {
  readonly identity: string;
  readonly family: number;
  readonly port: number;
  readonly until: number;
}

/** @param giveBack called for every port whose reservation ends unused */
export function createReservations(giveBack: (family: number, port: number) => void): Reservations {
  const byToken = new Map<string, Reservation>();
  const nameOf = (token: Uint8Array): string => Buffer.from(token).toString("hex");

  return {
    add(identity, family, port, now) {
      const token = new Uint8Array(randomBytes(8));
      byToken.set(nameOf(token), { identity, family, port, until: now + RESERVATION_LIFETIME });
      return token;
    },
    take(token, identity, now) {
      const name = nameOf(token);
      const reservation = byToken.get(name);
      if (!reservation || reservation.identity !== identity || reservation.until <= now) return undefined;
      byToken.delete(name);
      return reservation;
    },
    sweep(now) {
      for (const [name, { family, port, until }] of byToken) {
        if (until > now) continue;
        byToken.delete(name);
        giveBack(family, port);
      }
    },
  };
}
