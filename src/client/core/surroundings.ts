/**
 * Everything the core takes from its host, in one object: so it runs alike in browsers, in workerd and in virtual time.
 * @module
 */

/** What a socket tells. After `close` nothing more comes. */
export interface SocketEvents {
  open(): void;
  /** A text frame. */
  message(text: string): void;
  close(code: number, reason: string): void;
}

export interface Socket {
  /** Bytes handed over and not yet on their way. */
  readonly buffered: number;
  /** Hand over a text frame; only between `open` and `close`. */
  send(text: string): void;
  /** Close; idempotent. */
  close(code?: number, reason?: string): void;
}

/**
 * - `network`: the host is back online, or its route has changed
 * - `visible`: the page is shown again, perhaps after hours of frozen timers
 * - `unload`: the page goes for good
 */
export type HostChange = "network" | "visible" | "unload";

export interface Surroundings {
  /** Open a WebSocket. Failures come as `close` (1006), never as a throw. */
  openSocket(url: string, protocols: readonly string[], events: SocketEvents): Socket;
  /** Milliseconds on a clock that only goes forward. */
  now(): number;
  /** Call `callback` once after `ms`; the result cancels it. */
  setTimer(callback: () => void, ms: number): () => void;
  /** A random number in [0, 1). */
  random(): number;
  /** Listen to the host; the result stops it. */
  watch(listener: (change: HostChange) => void): () => void;
}
