import { PONG } from "../../../protocol/version.ts";
import { closeFailure, type Failure, failureOf } from "../failure.ts";
import type { HostChange, Socket, Surroundings } from "../surroundings.ts";
import { retryDelay } from "./backoff.ts";
import { createHeartbeat } from "./heartbeat.ts";

/** An attempt that has not been welcomed by then is given up. */
const ATTEMPT = 10_000;
/** A connection that stood for so long was a good one: the next loss is retried at once. */
const STEADY = 5_000;

export interface ConnectionHandlers {
  /** Subprotocols of the next attempt. A rejection with a `Failure` says whether to try again. */
  protocols(): Promise<readonly string[]>;
  /** The socket is open: the frame to begin with. */
  greeting(): string;
  /** A text frame that is no pong. */
  message(text: string): void;
  /** It was lost, or could not be made; says what to do about it. */
  lost(failure: Failure): "retry" | "close";
}

/** A socket that comes back. */
export interface Connection {
  /** Begin; once. */
  open(): void;
  /** The room has answered the greeting: the attempt succeeded. Pings go out every `ping` ms. */
  welcomed(ping: number): void;
  /** The reason that the server gives for the end that follows. */
  explain(failure: Failure): void;
  /** Hand over a frame; false if there is no open socket. */
  send(text: string): boolean;
  /** Bytes that wait in the socket. */
  readonly buffered: number;
  /** End it for good; idempotent. */
  close(code?: number): void;
}

/** Keep one socket to `url` open, by the rules of {@link retryDelay} and {@link createHeartbeat}. */
export function createConnection(url: string, surroundings: Surroundings, handlers: ConnectionHandlers): Connection {
  let state: "idle" | "dialing" | "open" | "waiting" | "closed" = "idle";
  let socket: Socket | undefined;
  let explained: Failure | undefined;
  let failed = 0;
  // Counts attempts, so that what an abandoned one still brings is told apart.
  let attempt = 0;
  let cancel = (): void => {};

  const heartbeat = createHeartbeat(
    surroundings,
    text => socket?.send(text),
    () => drop(failureOf("unreachable", "no answer to pings")),
  );

  const after = (ms: number, callback: () => void): void => {
    cancel();
    cancel = surroundings.setTimer(callback, ms);
  };

  /** Let go of the attempt and its socket. */
  const abandon = (code?: number): void => {
    attempt++;
    cancel();
    heartbeat.stop();
    const old = socket;
    socket = undefined;
    old?.close(code);
  };

  const end = (): void => {
    state = "closed";
    unwatch();
  };

  const drop = (failure: Failure): void => {
    abandon();
    explained = undefined;
    state = "waiting";
    if (handlers.lost(failure) === "close") end();
    else after(retryDelay(failed++, surroundings.random), dial);
  };

  const dial = async (): Promise<void> => {
    state = "dialing";
    const mine = ++attempt;
    after(ATTEMPT, () => drop(failureOf("unreachable", "no answer")));
    let protocols: readonly string[];
    try {
      protocols = await handlers.protocols();
    } catch (error) {
      if (mine === attempt) drop(error as Failure);
      return;
    }
    if (mine !== attempt) return;
    socket = surroundings.openSocket(url, protocols, {
      open() {
        if (mine !== attempt) return;
        state = "open";
        socket?.send(handlers.greeting());
      },
      message(text) {
        if (mine !== attempt) return;
        heartbeat.heard();
        if (text !== PONG) handlers.message(text);
      },
      close(code) {
        if (mine === attempt) drop(closeFailure(code, explained));
      },
    });
  };

  const unwatch = surroundings.watch((change: HostChange) => {
    if (change === "unload") return;
    if (state === "open") heartbeat.probe();
    // A dial that began on the old network may hang until its time is up.
    else if (state === "waiting" || (state === "dialing" && change === "network")) {
      abandon();
      void dial();
    }
  });

  return {
    open() {
      if (state === "idle") void dial();
    },
    welcomed(ping) {
      if (state !== "open") return;
      heartbeat.start(ping);
      after(STEADY, () => {
        failed = 0;
      });
    },
    explain(failure) {
      explained = failure;
    },
    send(text) {
      if (state !== "open" || !socket) return false;
      socket.send(text);
      return true;
    },
    get buffered() {
      return socket?.buffered ?? 0;
    },
    close(code = 1000) {
      if (state === "closed") return;
      end();
      abandon(code);
    },
  };
}
