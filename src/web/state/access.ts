import { TandemError } from "../../protocol/errors.ts";
import type { PublicConfig } from "../../protocol/rest.ts";
import { api } from "./api.ts";
import type { Entry } from "./entry.ts";

/** Whether there is any way into a room with what this tab holds; asked before the camera is. */
export function mayEnter(access: PublicConfig["access"], entry: Entry): boolean {
  if (entry.token) return true;
  return access === "open" || (access === "invite" && (entry.host ?? entry.guest) !== undefined);
}

/**
 * The join token for a room, by the deployment's way in. Called anew for each fresh join; the SDK resumes without it.
 *
 * @throws {TandemError} what the edge answers, or `invitation-invalid` if this tab holds nothing that opens the room.
 */
export async function joinToken(
  access: PublicConfig["access"],
  room: string,
  entry: Entry,
  name: string,
): Promise<string> {
  if (entry.token) return entry.token;
  if (access === "open") return (await api.openToken({ room, name })).token;
  const invitation = entry.host ?? entry.guest;
  if (access !== "invite" || invitation === undefined) throw new TandemError("invitation-invalid");
  return (await api.redeemInvitation({ room, invitation, name })).token;
}

/** The name inside a join token, unverified: to greet its bearer, nothing more. */
export function nameInToken(token: string): string | undefined {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), char => char.charCodeAt(0));
    const { name } = JSON.parse(new TextDecoder().decode(bytes)) as { name?: unknown };
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    return undefined;
  }
}
