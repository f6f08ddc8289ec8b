/**
 * What WebSocket upgrades have in common: subprotocols that carry tokens, and refusals that can be read.
 * @module
 */
import type { Context, Next } from "hono";
import { ERRORS, type ErrorCode, TandemError } from "../../protocol/errors.ts";
import { createLog, reasonOf } from "../log.ts";
import type { HttpEnv } from "./http.ts";

/** Subprotocols that the client offers. */
export const offersOf = (request: Request): string[] =>
  (request.headers.get("sec-websocket-protocol") ?? "")
    .split(",")
    .map(offer => offer.trim())
    .filter(Boolean);

/** The token among the offers that begins with `prefix`. */
export const tokenOf = (offers: readonly string[], prefix: string): string | undefined =>
  offers.find(offer => offer.startsWith(prefix))?.slice(prefix.length);

/** The answer to an upgrade: this end of the socket, and the protocol that is spoken on it. */
export const accept = (webSocket: WebSocket, protocol: string): Response =>
  new Response(null, { status: 101, webSocket, headers: { "sec-websocket-protocol": protocol } });

const isUpgrade = (request: Request): boolean => request.headers.get("upgrade")?.toLowerCase() === "websocket";

/** The frame that says why a socket is about to close. */
type ErrorText = (code: ErrorCode, detail: string | undefined) => string;

/**
 * A handler of upgrades that offer `protocol`; all others go on to the next. A refusal must be one that a browser can read: it shows
 * every failed upgrade as a bare 1006, so the socket is accepted, here and not by an object, and closed with the error's code
 * after one frame.
 */
export function upgrade(protocol: string, enter: (c: Context<HttpEnv>) => Promise<Response>, errorText: ErrorText) {
  const refuse = (code: ErrorCode, detail: string | undefined): Response => {
    const { 0: client, 1: server } = new WebSocketPair();
    server.accept();
    server.send(errorText(code, detail));
    server.close(ERRORS[code].close, code);
    return accept(client, protocol);
  };
  return async (c: Context<HttpEnv>, next: Next): Promise<Response | undefined> => {
    const request = c.req.raw;
    if (!isUpgrade(request) || !offersOf(request).includes(protocol)) {
      await next();
      return undefined;
    }
    try {
      return await enter(c);
    } catch (error) {
      if (!(error instanceof TandemError)) {
        createLog(c.env.LOG_LEVEL).error("connect-failed", { reason: reasonOf(error) });
        return refuse("internal", undefined);
      }
      // A flood is not worth a socket.
      if (error.code === "rate-limited") {
        return new Response("Too many requests\n", { status: 429, headers: { "retry-after": "60" } });
      }
      return refuse(error.code, error.detail);
    }
  };
}

/** Answers those who came without an upgrade, or without the protocol. @throws TandemError always */
export function explainUpgrade(c: Context<HttpEnv>, protocol: string): never {
  if (!isUpgrade(c.req.raw)) throw new TandemError("bad-request", "expects a WebSocket upgrade");
  throw new TandemError("upgrade-required", `offer the subprotocol ${protocol}`);
}
