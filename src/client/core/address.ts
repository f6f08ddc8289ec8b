import { TandemError } from "../../protocol/errors.ts";

/** The room that a join token is for, read from its payload without verifying it; the edge does that. */
export function roomOfToken(token: string): string {
  try {
    const payload = token.split(".")[1] ?? "";
    const { room } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { room?: unknown };
    if (typeof room === "string") return room;
  } catch {
    // Not a JWT: the same answer.
  }
  throw new TandemError("token-invalid", "it names no room");
}

/** Where a room's WebSocket is, on the edge whose origin is `url`. */
export const socketUrl = (url: string, room: string): string =>
  `${url.replace(/^http/, "ws").replace(/\/+$/, "")}/v1/rooms/${encodeURIComponent(room)}/connect`;
