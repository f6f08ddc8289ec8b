import type { Socket } from "node:net";
import { BEARER_PREFIX, BOT_PROTOCOL } from "../../../src/protocol/index.ts";
import {
  createWebSocketReader,
  OPCODE,
  type WebSocketReader,
  writeClose,
  writeFrame,
} from "../../net/websocket/frames.ts";
import { readHandshake } from "../../net/websocket/handshake.ts";
import type { BotChannel, BotGuest } from "./door.ts";

/** The longest message of a program (bytes). */
export const MAX_MESSAGE = 64 * 1024;
/** The close code of a token that opens nothing (any more), as the error table has it. */
const TOKEN_INVALID = 4411;
const BAD_FRAME = 4401;
/** Whoever leaves so much (bytes) unread reads nothing: more than its guest lets wait, so it is the answers to a flood of pings. */
const MAX_UNREAD = 256 * 1024;
/** What is still unsent when a connection is closed has so long (ms) to go. */
const LINGER = 1_000;

export interface ConnectionHost {
  now(): number;
  /** The guest that a token lets in; it is used up by that. */
  admit(token: string): BotGuest | undefined;
  /** Its handshake is done, whatever came of it. */
  settled(): void;
  /** A defect of ours, which ends this connection alone. */
  failed(error: unknown): void;
  /** Told once. */
  closed(): void;
}

/** One connection of a program, from its first byte on. */
export interface Connection {
  destroy(): void;
}

/** Takes over a stream, encrypted or not. */
export function openConnection(stream: Socket, host: ConnectionHost): Connection {
  let held = Buffer.alloc(0);
  let reader: WebSocketReader | undefined;
  let guest: BotGuest | undefined;
  let heardAt = host.now();
  let saidGoodbye = false;
  let isOver = false;

  const channel: BotChannel = {
    get unread() {
      return stream.writableLength;
    },
    get heardAt() {
      return heardAt;
    },
    sendText: text => send(OPCODE.text, Buffer.from(text)),
    sendPcm: pcm => send(OPCODE.binary, pcm),
    ping: () => send(OPCODE.ping, Buffer.alloc(0)),
    pause: () => void stream.pause(),
    resume: () => void stream.resume(),
    close(code, reason) {
      guest = undefined;
      finish(writeClose(code, reason));
    },
  };

  const send = (opcode: number, payload: Uint8Array): void => write(writeFrame(opcode, payload));

  function write(bytes: Uint8Array): void {
    if (isOver) return;
    if (stream.writableLength > MAX_UNREAD) stream.destroy();
    else stream.write(bytes);
  }

  /** Says a last word. */
  function finish(last: Uint8Array | string): void {
    if (isOver) return;
    isOver = true;
    stream.off("data", receive);
    stream.resume();
    stream.end(last);
    const timer = setTimeout(() => stream.destroy(), LINGER);
    stream.once("close", () => clearTimeout(timer));
  }

  /** Its guest hears of the end, once. */
  function part(): void {
    const told = guest;
    guest = undefined;
    told?.disconnected(host.now());
  }

  function message(bytes: Uint8Array, isText: boolean): boolean {
    if (guest === undefined) return false;
    if (isText) guest.text(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"), heardAt);
    else guest.binary(bytes, heardAt);
    return !isOver;
  }

  function reply(bytes: Uint8Array): void {
    saidGoodbye = (bytes[0]! & 0x0f) === OPCODE.close;
    write(bytes);
  }

  function greet(bytes: Uint8Array): void {
    held = Buffer.concat([held, bytes]);
    const result = readHandshake(held, BOT_PROTOCOL);
    if (result.kind === "incomplete") return;
    host.settled();
    if (result.kind === "refused") {
      finish(result.answer);
      return;
    }
    const token = result.protocols.find(offer => offer.startsWith(BEARER_PREFIX))?.slice(BEARER_PREFIX.length) ?? "";
    stream.write(result.answer);
    held = Buffer.alloc(0);
    guest = host.admit(token);
    // Accepted only to be told: a refused handshake has no code that a browser's WebSocket would show.
    if (guest === undefined) {
      finish(writeClose(TOKEN_INVALID, "token-invalid"));
      return;
    }
    reader = createWebSocketReader({ maxMessage: MAX_MESSAGE, message, reply });
    guest.connected(channel, heardAt);
    if (result.rest.length > 0) take(result.rest);
  }

  function take(bytes: Uint8Array): void {
    if (reader === undefined) greet(bytes);
    else if (!reader.push(bytes) && !isOver) leave();
  }

  /** The peer has closed, or broken the rules. */
  function leave(): void {
    part();
    finish(saidGoodbye ? "" : writeClose(BAD_FRAME, "bad-frame"));
  }

  function receive(bytes: Uint8Array): void {
    heardAt = host.now();
    try {
      take(bytes);
    } catch (error) {
      host.failed(error);
      stream.destroy();
    }
  }

  stream.on("data", receive);
  stream.on("error", () => stream.destroy());
  stream.once("close", () => {
    isOver = true;
    part();
    host.closed();
  });
  return { destroy: () => void stream.destroy() };
}
