/**
 * What the link needs of the world, in one object, so that tests run it in virtual time.
 * @module
 */

/** The part of a WebSocket that the link uses. */
export interface LinkSocket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export interface LinkSocketListener {
  open(): void;
  message(text: string): void;
  /** Once, whatever ended it. */
  closed(code: number): void;
}

export interface Surroundings {
  /** Open a WebSocket with these subprotocols. */
  openSocket(url: string, protocols: readonly string[], listener: LinkSocketListener): LinkSocket;
  /** Call back once after `ms`; the returned function cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** The real world, alike on Bun and Node. */
export const realSurroundings: Surroundings = {
  openSocket(url, protocols, listener) {
    const socket = new WebSocket(url, [...protocols]);
    socket.addEventListener("open", () => listener.open());
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string") listener.message(data);
    });
    socket.addEventListener("close", ({ code }) => listener.closed(code));
    // A failed dial is reported by close as well.
    socket.addEventListener("error", () => {});
    return socket;
  },
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
