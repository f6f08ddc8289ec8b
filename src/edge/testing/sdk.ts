/** The SDK's core, run inside the tests of workerd, where objects can be evicted. @module */
import { connect, type Signaling, type Surroundings } from "../../client/core/index.ts";
import { ask } from "./client.ts";
import { joinToken } from "./tokens.ts";

const surroundings: Surroundings = {
  openSocket(url, protocols, events) {
    let socket: WebSocket | undefined;
    let closed = false;
    const { pathname } = new URL(url);
    ask(pathname, { headers: { upgrade: "websocket", "sec-websocket-protocol": protocols.join(", ") } }).then(
      ({ webSocket }) => {
        if (closed) return;
        if (!webSocket) return events.close(1006, "");
        socket = webSocket;
        socket.addEventListener("message", ({ data }) => events.message(String(data)));
        socket.addEventListener("close", ({ code, reason }) => events.close(code, reason));
        socket.accept();
        events.open();
      },
      () => events.close(1006, ""),
    );
    return {
      buffered: 0,
      send: text => socket?.send(text),
      close(code, reason) {
        closed = true;
        socket?.close(code, reason);
      },
    };
  },
  now: () => performance.now(),
  setTimer(callback, ms) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  // No jitter: tests end connections before they count as steady, and pauses would grow.
  random: () => 0,
  watch: () => () => {},
};

/** Join as the SDK does. */
export const connectSdk = async (room: string, identity: string): Promise<Signaling> =>
  connect({ url: "https://edge.test", token: await joinToken({ room, identity }), surroundings });
