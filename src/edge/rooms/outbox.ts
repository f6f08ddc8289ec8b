/**
 * What a turn has to say, held back until its writes stand: a turn that fails says nothing.
 * @module
 */
export interface Outbox {
  /** Send one text to each of `sockets`. It is serialized once, by the caller. */
  send(sockets: readonly WebSocket[], text: string): void;
  /** Close a socket, after what was said to it before. */
  close(socket: WebSocket, code: number, reason: string): void;
  flush(): void;
  discard(): void;
}

interface Utterance {
  readonly sockets: readonly WebSocket[];
  readonly text?: string;
  readonly code?: number;
  readonly reason?: string;
}

/** Send, where the socket still stands; its close is told separately. */
export function sendText(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // Closed meanwhile, and webSocketClose says so.
  }
}

/** Close, where the socket still stands. */
export function closeSocket(socket: WebSocket, code: number, reason: string): void {
  try {
    socket.close(code, reason);
  } catch {
    // Closed already, or a code that only a peer may send.
  }
}

export function createOutbox(): Outbox {
  let held: Utterance[] = [];
  return {
    send(sockets, text) {
      if (sockets.length > 0) held.push({ sockets, text });
    },
    close(socket, code, reason) {
      held.push({ sockets: [socket], code, reason });
    },
    flush() {
      const now = held;
      held = [];
      for (const { sockets, text, code, reason } of now) {
        for (const socket of sockets) {
          if (text !== undefined) sendText(socket, text);
          if (code !== undefined) closeSocket(socket, code, reason ?? "");
        }
      }
    },
    discard() {
      held = [];
    },
  };
}
