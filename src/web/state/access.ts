import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import type { PublicConfig } from "../../protocol/rest.ts";
import { JoinClaims } from "../../protocol/tokens.ts";
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

/** What a join token says of its bearer, unverified: to greet them and to ask for no device in vain, nothing more. */
export interface Bearer {
  readonly name?: string;
  /** Kinds of sources it may publish. */
  readonly publish?: readonly string[];
}

/** Reads a join token; empty if it is none. */
export function bearerOf(token: string): Bearer {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), char => char.charCodeAt(0));
    const claims = v.safeParse(
      v.partial(v.pick(JoinClaims, ["name", "grants"])),
      JSON.parse(new TextDecoder().decode(bytes)),
    );
    if (!claims.success) return {};
    const { name, grants } = claims.output;
    return { ...(name ? { name } : {}), ...(grants ? { publish: grants.publish ?? [] } : {}) };
  } catch {
    return {};
  }
}
