import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { STUN_ATTRIBUTE } from "../stun/constants.ts";
import { attributeLength, findAttribute, type StunMessage } from "../stun/message.ts";
import type { Allocation } from "./allocation.ts";

/** What an allocation that may move is known by. */
export interface Mobile {
  /** Random, in hex. */
  readonly id: string;
  /** Counts its tickets: only the newest is good, and the one before for a repeated request. */
  generation: number;
}

/**
 * Tickets by which a client whose address has changed takes its allocation along (RFC 8016). A ticket names an
 * allocation by a random number and is sealed by AES-GCM under a key of this process: nothing is kept of one that isn't
 * genuine, and one alone opens nothing, since the request that carries it is authenticated like any other.
 */
export interface Mobility {
  /** Whether an Allocate request asks for a ticket; -1 when it does so wrongly. */
  isWanted(message: StunMessage): number;
  /** Makes an allocation one that may move. */
  enroll(allocation: Allocation): void;
  /** Its newest ticket; undefined for one that may not move. */
  ticketOf(allocation: Allocation): string | undefined;
  /**
   * The allocation that a request's ticket is for.
   * @param at offset of the attribute's header
   * @param current the allocation on the client's 5-tuple: it may show its last ticket again
   */
  redeem(message: StunMessage, at: number, current: Allocation | undefined): Allocation | undefined;
  forget(allocation: Allocation): void;
}

const ID = 8;
/** Number and generation: no two tickets of a key share them, so they are the nonce. */
const NONCE = ID + 4;
const TAG = 12;
/** In base64url: text, and short, since turnutils_uclient holds 32 characters (4.6.1, 2026-11-25). */
const TICKET = (4 * (NONCE + TAG)) / 3;
const OPTIONS = { authTagLength: TAG } as const;

export function createMobility(): Mobility {
  const key = createSecretKey(randomBytes(16));
  const mobiles = new Map<string, Allocation>();

  function seal({ id, generation }: Mobile, username: string): string {
    const nonce = Buffer.alloc(NONCE);
    nonce.write(id, "hex");
    nonce.writeUInt32BE(generation, ID);
    const cipher = createCipheriv("aes-128-gcm", key, nonce, OPTIONS);
    // There is nothing to hide: the number is random. What it is bound to is whose it is.
    cipher.setAAD(Buffer.from(username));
    cipher.final();
    return Buffer.concat([nonce, cipher.getAuthTag()]).toString("base64url");
  }

  function isGenuine(ticket: Buffer, username: string): boolean {
    const decipher = createDecipheriv("aes-128-gcm", key, ticket.subarray(0, NONCE), OPTIONS);
    decipher.setAAD(Buffer.from(username));
    decipher.setAuthTag(ticket.subarray(NONCE));
    try {
      decipher.final();
      return true;
    } catch {
      return false;
    }
  }

  return {
    isWanted(message) {
      const at = findAttribute(message, STUN_ATTRIBUTE.mobilityTicket);
      return at < 0 ? 0 : attributeLength(message, at) === 0 ? 1 : -1;
    },
    enroll(allocation) {
      allocation.mobile = { id: randomBytes(ID).toString("hex"), generation: 0 };
      mobiles.set(allocation.mobile.id, allocation);
    },
    ticketOf: ({ mobile, username }) => mobile && seal(mobile, username),
    redeem(message, at, current) {
      if (attributeLength(message, at) !== TICKET) return undefined;
      const text = Buffer.from(message.bytes.subarray(at + 4, at + 4 + TICKET)).toString("latin1");
      const ticket = Buffer.from(text, "base64url");
      // The decoder is lenient; a ticket has one spelling.
      if (ticket.toString("base64url") !== text) return undefined;
      const allocation = mobiles.get(ticket.toString("hex", 0, ID));
      if (!allocation?.mobile || !isGenuine(ticket, allocation.username)) return undefined;
      const age = allocation.mobile.generation - ticket.readUInt32BE(ID);
      if (age !== 0 && !(age === 1 && allocation === current)) return undefined;
      return allocation;
    },
    forget({ mobile }) {
      if (mobile) mobiles.delete(mobile.id);
    },
  };
}
