import type { PublicConfig } from "../../protocol/rest.ts";
import type { Shelf } from "./storage.ts";

/** What lets its bearer into one room. It travels in the URL fragment, which no server and no log sees. */
export interface Entry {
  /** The guest's invitation: what copy link hands on. */
  readonly guest?: string;
  /** The host's invitation. */
  readonly host?: string;
  /** A join token made by an application. */
  readonly token?: string;
}

const FIELDS = { g: "guest", h: "host", t: "token" } as const;

/** Reads `#g=…`, `#h=…&g=…` or `#t=…`; `undefined` if there is nothing of ours in it. */
export function parseEntry(fragment: string): Entry | undefined {
  const found: { -readonly [K in keyof Entry]: string } = {};
  for (const [key, value] of new URLSearchParams(fragment.replace(/^#/, "")))
    if (Object.hasOwn(FIELDS, key) && value !== "") found[FIELDS[key as keyof typeof FIELDS]] = value;
  return Object.keys(found).length > 0 ? found : undefined;
}

interface Page {
  readonly location: Pick<Location, "hash" | "pathname" | "search">;
  readonly history: Pick<History, "replaceState">;
  readonly shelf: Shelf;
}

/**
 * Takes the entry of a room out of the address bar, before anything can copy or bookmark it, and keeps it for this tab, so
 * that a reload finds it again.
 */
export function takeEntry(room: string, { location, history, shelf }: Page): Entry {
  const key = `entry.${room}`;
  const arrived = parseEntry(location.hash);
  if (arrived) shelf.set(key, JSON.stringify(arrived));
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  return arrived ?? stored(shelf.get(key));
}

function stored(text: string | undefined): Entry {
  if (text === undefined) return {};
  try {
    const { guest, host, token } = JSON.parse(text) as Record<string, unknown>;
    return {
      ...(typeof guest === "string" ? { guest } : {}),
      ...(typeof host === "string" ? { host } : {}),
      ...(typeof token === "string" ? { token } : {}),
    };
  } catch {
    return {};
  }
}

/** Path of a room's page. */
export const roomPath = (room: string): string => `/r/${encodeURIComponent(room)}`;

/** The link to the player of the room that `link` leads into. */
export function watchLink(link: string): string {
  const url = new URL(link);
  url.pathname = url.pathname.replace(/^\/r\//, "/watch/");
  return url.href;
}

/** The two links of an invitation room. The host's carries the guest's too, so that a host can hand that on. */
export const invitationLinks = (origin: string, room: string, host: string, guest: string) => ({
  guest: `${origin}${roomPath(room)}#${new URLSearchParams({ g: guest })}`,
  host: `${origin}${roomPath(room)}#${new URLSearchParams({ h: host, g: guest })}`,
});

/** The link that brings others into this room, or `undefined` where only the application can make one. */
export function linkForOthers(
  origin: string,
  room: string,
  entry: Entry,
  access: PublicConfig["access"],
): string | undefined {
  if (access === "open") return origin + roomPath(room);
  if (access === "invite" && entry.guest)
    return `${origin}${roomPath(room)}#${new URLSearchParams({ g: entry.guest })}`;
  return undefined;
}
