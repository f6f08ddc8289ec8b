/** Random ids and secrets. @module */

const toText = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

/** `bytes` random bytes as base64url. */
export const randomId = (bytes: number): string => toText(crypto.getRandomValues(new Uint8Array(bytes)));

/** Base64url of a SHA-256 digest: how secrets with enough entropy of their own are stored. */
export async function hashOf(secret: string): Promise<string> {
  return toText(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))));
}

// No vowels and nothing that looks like something else: names are read aloud, and must not spell anything.
const LETTERS = "bcdfghjkmnpqrstvwxz";

/** A room name to read aloud: `xxxx-xxxx-xxxx`, 50 bits. */
export function randomRoomName(): string {
  const part = (): string => {
    let text = "";
    while (text.length < 4) {
      const [value] = crypto.getRandomValues(new Uint8Array(1));
      // Rejected above the largest multiple, so that every letter is as likely.
      if (value !== undefined && value < 247) text += LETTERS[value % LETTERS.length];
    }
    return text;
  };
  return `${part()}-${part()}-${part()}`;
}
