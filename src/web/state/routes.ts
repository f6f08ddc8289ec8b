import { signal } from "@preact/signals";
import * as v from "valibot";
import { RoomId } from "../../protocol/names.ts";

/** What the address asks for. */
export type Route =
  | { page: "home" }
  | { page: "room"; room: string }
  | { page: "watch"; room: string; source: string | undefined }
  | { page: "missing" };

/** The route of a path. */
export function routeOf(pathname: string): Route {
  if (pathname === "/" || pathname === "/index.html") return { page: "home" };
  const [, page, name = "", source] = /^\/(r|watch)\/([^/]+)(?:\/([^/]+))?\/?$/.exec(pathname) ?? [];
  const room = decode(name).toLowerCase();
  if (!v.is(RoomId, room)) return { page: "missing" };
  if (page === "watch") return { page: "watch", room, source: source === undefined ? undefined : decode(source) };
  return source === undefined ? { page: "room", room } : { page: "missing" };
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
