/** Gives that many unpredictable bytes: what is guessable can be hijacked. */
export type RandomBytes = (length: number) => Uint8Array;

/** A random text that may stand anywhere in a message: branches, tags, Call-IDs. */
export function randomToken(randomBytes: RandomBytes, length: number): string {
  return Buffer.from(randomBytes(length)).toString("hex");
}
