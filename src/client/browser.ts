/**
 * The browser as the core's surroundings and the media's host.
 * @module
 */
import type { HostChange, Surroundings } from "./core/index.ts";
import type { MediaHost } from "./media-path.ts";

const openSocket: Surroundings["openSocket"] = (url, protocols, events) => {
  let socket: WebSocket;
  try {
    socket = new WebSocket(url, [...protocols]);
  } catch {
    // A policy of the page forbids it, or the token is no token.
    queueMicrotask(() => events.close(1006, ""));
    return { buffered: 0, send() {}, close() {} };
  }
  socket.onopen = () => events.open();
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") events.message(data);
  };
  socket.onclose = ({ code, reason }) => events.close(code, reason);
  return {
    get buffered() {
      return socket.bufferedAmount;
    },
    send: text => socket.send(text),
    close: (code, reason) => socket.close(code, reason),
  };
};

/** Listen to what a page hears of its network and of its own coming and going. */
function watch(listener: (change: HostChange) => void): () => void {
  const stop = new AbortController();
  const on = (target: EventTarget | undefined, type: string, handle: (event: Event) => void): void =>
    target?.addEventListener(type, handle, { signal: stop.signal });
  const network = (): void => listener("network");
  on(window, "online", network);
  // Chromium alone tells of a change from one network to the next without being offline between.
  on((navigator as { connection?: EventTarget }).connection, "change", network);
  on(document, "visibilitychange", () => {
    if (document.visibilityState === "visible") listener("visible");
  });
  on(window, "pagehide", event => {
    // A page that is kept may be shown again, and then resumes.
    if (!(event as PageTransitionEvent).persisted) listener("unload");
  });
  return () => stop.abort();
}

/** The core's surroundings in a page. */
export const browserSurroundings: Surroundings = {
  openSocket,
  now: () => performance.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  watch,
};

export const browserMedia: MediaHost = {
  createConnection: configuration => new RTCPeerConnection(configuration),
  createStream: tracks => new MediaStream(tracks),
};
