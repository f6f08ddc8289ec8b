/**
 * The door through which programs come, as those behind it see it.
 * @module
 */

/** An open connection to a program. */
export interface BotChannel {
  /** Bytes that the program hasn't read yet, as far as we know. */
  readonly unread: number;
  /** When anything last came from it (ms). */
  readonly heardAt: number;
  sendText(text: string): void;
  sendPcm(pcm: Uint8Array): void;
  ping(): void;
  /** Reads nothing until {@link BotChannel.resume}: what the program sends waits with it. */
  pause(): void;
  resume(): void;
  close(code: number, reason: string): void;
}

/** Whoever is behind the door: told what happens there. */
export interface BotGuest {
  connected(channel: BotChannel, now: number): void;
  /** A binary message, which is the guest's from then on. */
  binary(bytes: Uint8Array, now: number): void;
  text(text: string, now: number): void;
  /** The connection is over, by whomever; not told where the guest closed it. */
  disconnected(now: number): void;
}

export interface BotDoor {
  /** Where the door is. */
  readonly url: string;
  /** Lets one program in, once: the one that brings this token. */
  expect(token: string, guest: BotGuest): void;
  /** Lets it in no more. */
  forget(token: string): void;
}
