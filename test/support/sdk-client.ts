import { connect, type Signaling, type SignalingOptions, type Surroundings } from "../../src/client/core/index.ts";

/** The SDK's core on Node's own WebSocket and clock. */
export const nodeSurroundings: Surroundings = {
  openSocket(url, protocols, events) {
    const socket = new WebSocket(url, [...protocols]);
    socket.addEventListener("open", () => events.open());
    socket.addEventListener("message", ({ data }) => events.message(String(data)));
    socket.addEventListener("close", ({ code, reason }) => events.close(code, reason));
    // A failed dial is told by close as well.
    socket.addEventListener("error", () => {});
    return {
      get buffered() {
        return socket.bufferedAmount;
      },
      send: text => socket.send(text),
      close: (code, reason) => socket.close(code, reason),
    };
  },
  now: () => performance.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  watch: () => () => {},
};

/** Join by the SDK's core, as a browser would. */
export const connectSdk = (options: Omit<SignalingOptions, "surroundings">): Promise<Signaling> =>
  connect({ ...options, surroundings: nodeSurroundings });

/** Resolves once `holds` is true of the client's copy of the room; it is asked at every change. */
export function whenRoom(
  client: Signaling,
  holds: (room: ReturnType<Signaling["store"]["get"]>) => boolean,
): Promise<void> {
  return new Promise(resolve => {
    const check = (): boolean => holds(client.store.get());
    if (check()) return resolve();
    const stop = client.store.subscribe(() => {
      if (!check()) return;
      stop();
      resolve();
    });
  });
}
