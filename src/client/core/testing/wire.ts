import type { Socket, SocketEvents } from "../surroundings.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** The server's end of a connection. */
export interface ServerEnd {
  readonly protocols: readonly string[];
  onMessage: (text: string) => void;
  onClose: () => void;
  send(text: string): void;
  close(code: number): void;
}

/** A network between sockets and a server, with a delay each way, that tests cut. */
export interface Wire {
  openSocket(url: string, protocols: readonly string[], events: SocketEvents): Socket;
  /** Cut all connections: what is under way is lost, both ends hear 1006. */
  cut(): void;
  /** From now on nothing arrives, and nobody is told. Until {@link heal} connects hang as well. */
  silence(): void;
  heal(): void;
  /** Refuse connections, as a server that is down. */
  refuse: boolean;
  /** Connections tried so far: when, and with what. */
  readonly attempts: { at: number; url: string; protocols: readonly string[] }[];
}

interface Line {
  alive: boolean;
  silent: boolean;
  cut(): void;
}

/** Lay a wire to `accept`, with `delay` ms one way. */
export function createWire(time: VirtualTime, delay: number, accept: (end: ServerEnd) => void): Wire {
  const lines = new Set<Line>();
  let silent = false;

  const wire: Wire = {
    refuse: false,
    attempts: [],
    openSocket(url, protocols, events) {
      wire.attempts.push({ at: time.now(), url, protocols });
      const line: Line = {
        alive: true,
        silent,
        cut() {
          if (!end(line)) return;
          events.close(1006, "");
          server.onClose();
        },
      };
      const server: ServerEnd = {
        protocols,
        onMessage: () => {},
        onClose: () => {},
        send: text => carry(() => events.message(text)),
        close: code => carry(() => end(line) && events.close(code, "")),
      };
      const carry = (arrive: () => void): void => {
        time.setTimer(() => {
          if (line.alive && !line.silent) arrive();
        }, delay);
      };
      lines.add(line);
      time.setTimer(() => {
        if (!line.alive || line.silent) return;
        if (wire.refuse) {
          end(line);
          events.close(1006, "");
          return;
        }
        accept(server);
        carry(() => events.open());
      }, delay);
      return {
        buffered: 0,
        send: text => carry(() => server.onMessage(text)),
        close() {
          if (end(line)) time.setTimer(() => server.onClose(), delay);
        },
      };
    },
    cut() {
      for (const line of [...lines]) line.cut();
    },
    silence() {
      silent = true;
      for (const line of lines) line.silent = true;
    },
    heal() {
      silent = false;
    },
  };
  const end = (line: Line): boolean => {
    if (!line.alive) return false;
    line.alive = false;
    lines.delete(line);
    return true;
  };
  return wire;
}
