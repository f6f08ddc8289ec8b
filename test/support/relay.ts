import type { Socket } from "node:net";

/** What `listen` and `connect` take: a number is a port of 127.0.0.1, anything else the path of a Unix socket. */
export const endpoint = (name: string): { host: string; port: number } | { path: string } =>
  /^\d+$/.test(name) ? { host: "127.0.0.1", port: Number(name) } : { path: name };

/** Pass on what comes, both ways, until either ends. */
export function relay(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
    from.pipe(to);
  }
}
