import { signal } from "@preact/signals";
import * as v from "valibot";
import { RoomId } from "../../protocol/names.ts";

/** What the address asks for. */
export type Route = { page: "home" } | { page: "room"; room: string } | { page: "missing" };

/** The route of a path. */
export function routeOf(pathname: string): Route {
  if (pathname === "/" || pathname === "/index.html") return { page: "home" };
  const match = /^\/r\/([^/]+)\/?$/.exec(pathname);
  if (!match?.[1]) return { page: "missing" };
  const room = decode(match[1]).toLowerCase();
  return v.is(RoomId, room) ? { page: "room", room } : { page: "missing" };
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The page now shown. */
export const route = signal<Route>({ page: "home" });

const read = () => {
  route.value = routeOf(location.pathname);
};

/** Follows the address bar from now on. */
export function watchRoute(): void {
  read();
  addEventListener("popstate", read);
}

/** Goes to a page of the app. A fragment in `path` is read by that page and taken out of the address at once. */
export function navigate(path: string): void {
  history.pushState(null, "", path);
  read();
}
