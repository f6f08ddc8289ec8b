/**
 * The server's side of an RTMP connection that publishes: handshake, commands, and then what is published. Sans-I/O.
 * @module
 */
import { readUint32 } from "../../rtp/bytes.ts";
import { type Amf0Object, type Amf0Output, type Amf0Value, readAmf0, writeAmf0 } from "./amf0.ts";
import { createChunkReader, type RtmpMessage } from "./chunk-reader.ts";
import { CHUNK_SIZE, writeControl, writeMessage } from "./chunk-writer.ts";

const VERSION = 3;
/** Bytes of each part of the handshake (§5.2). */
const RANDOM = 1_536;
const TYPE = {
  chunkSize: 1,
  acknowledgement: 3,
  userControl: 4,
  windowSize: 5,
  peerBandwidth: 6,
  audio: 8,
  video: 9,
  command3: 17,
  command: 20,
} as const;
const PING = 6;
const PONG = 7;
/** Bytes after which we are told, and tell, that they came. */
const WINDOW = 2_500_000;
const LEAST_WINDOW = 1_024;
const DYNAMIC = 2;
/** The one stream of messages that we give out. */
const STREAM = 1;

/** The longest message of somebody who publishes: a key frame. */
export const MAX_MESSAGE = 4 * 1024 * 1024;
/** And of a stranger: a command. */
const MAX_COMMAND = 16 * 1024;

/** What is told of a connection, and what it needs. */
export interface RtmpHost {
  send(bytes: Uint8Array): void;
  /** Somebody wants to publish by a key. @returns why it may not; undefined where it may */
  publish(key: string): string | undefined;
  /** What is published: bodies of FLV tags, to be taken from `bytes` during the call, and times in milliseconds. */
  audio(bytes: Buffer, length: number, timestamp: number): void;
  video(bytes: Buffer, length: number, timestamp: number): void;
  /** It says that it publishes no more. */
  finished(): void;
}

export interface RtmpProtocol {
  /** @returns false when the connection is to be closed, once all that was sent has gone */
  push(bytes: Uint8Array): boolean;
  /** Says why it is over. */
  refuse(code: string, why: string): void;
}

const objectOf = (value: Amf0Value): Amf0Object | undefined => (value instanceof Map ? value : undefined);

export function createRtmpProtocol(host: RtmpHost): RtmpProtocol {
  const hello = Buffer.alloc(1 + RANDOM);
  let helloLength = 0;
  /** Bytes of the peer's answer to our part of the handshake that are still to come. */
  let echo = RANDOM;
  let publishing = false;
  let connected = false;
  let window = WINDOW;
  let received = 0;
  let acknowledged = 0;

  const reader = createChunkReader({ message, maxMessage: () => (publishing ? MAX_MESSAGE : MAX_COMMAND) });

  const command = (stream: number, ...values: readonly Amf0Output[]): void =>
    host.send(writeMessage(TYPE.command, stream, writeAmf0(...values)));

  const status = (level: "status" | "error", code: string, description: string): void =>
    command(STREAM, "onStatus", 0, null, { level, code, description });

  function connect(transaction: number, asked: Amf0Object | undefined): boolean {
    if (connected) return false;
    connected = true;
    host.send(writeControl(TYPE.windowSize, WINDOW));
    host.send(writeControl(TYPE.peerBandwidth, WINDOW, DYNAMIC));
    host.send(writeControl(TYPE.chunkSize, CHUNK_SIZE));
    const objectEncoding = asked?.get("objectEncoding") === 3 ? 3 : 0;
    const said = { level: "status", code: "NetConnection.Connect.Success", description: "connected", objectEncoding };
    command(0, "_result", transaction, { fmsVer: "FMS/3,0,1,123", capabilities: 31 }, said);
    return true;
  }

  function publish(key: Amf0Value): boolean {
    if (!connected || publishing) return false;
    // Some encoders put what stood behind a question mark in the address there.
    const refusal = typeof key === "string" ? host.publish(key.split("?", 1)[0]!) : "the stream key is no text";
    publishing = refusal === undefined;
    if (publishing) status("status", "NetStream.Publish.Start", "published");
    else status("error", "NetStream.Publish.BadName", refusal!);
    return publishing;
  }

  /** Carries a command out; those that mean nothing here are passed over. */
  function obey([name, number, object, argument]: readonly Amf0Value[]): boolean {
    const transaction = typeof number === "number" ? number : 0;
    switch (name) {
      case "connect":
        return connect(transaction, objectOf(object));
      case "releaseStream":
      case "FCPublish":
        command(0, "_result", transaction, null);
        return true;
      case "createStream":
        command(0, "_result", transaction, null, STREAM);
        return true;
      case "publish":
        return publish(argument);
      case "play":
        status("error", "NetStream.Play.Failed", "nothing is played here");
        return false;
      case "FCUnpublish":
      case "deleteStream":
      case "closeStream":
        if (!publishing) return true;
        host.finished();
        return false;
      default:
        return true;
    }
  }

  function control(bytes: Buffer, length: number): void {
    if (length < 6 || bytes.readUInt16BE(0) !== PING) return;
    host.send(writeMessage(TYPE.userControl, 0, Buffer.of(0, PONG, ...bytes.subarray(2, 6))));
  }

  function message({ type, timestamp, bytes, length }: RtmpMessage): boolean {
    switch (type) {
      case TYPE.audio:
        if (publishing) host.audio(bytes, length, timestamp);
        return true;
      case TYPE.video:
        if (publishing) host.video(bytes, length, timestamp);
        return true;
      case TYPE.windowSize:
        if (length >= 4) window = Math.max(LEAST_WINDOW, readUint32(bytes, 0));
        return true;
      case TYPE.userControl:
        control(bytes, length);
        return true;
      case TYPE.command:
      case TYPE.command3: {
        if (length > MAX_COMMAND) return false;
        // AMF3's form of a command: a byte, and then AMF0 all the same.
        const skip = type === TYPE.command3 ? 1 : 0;
        const values = length < skip ? undefined : readAmf0(bytes, skip, length - skip);
        return values !== undefined && obey(values);
      }
      default:
        return true;
    }
  }

  function acknowledge(count: number): void {
    received += count;
    if (!connected || received - acknowledged < window) return;
    acknowledged = received;
    host.send(writeControl(TYPE.acknowledgement, received % 2 ** 32));
  }

  function greet(bytes: Uint8Array): boolean {
    const size = Math.min(bytes.length, hello.length - helloLength);
    hello.set(bytes.subarray(0, size), helloLength);
    helloLength += size;
    if (hello[0] !== VERSION) return false;
    if (helloLength < hello.length) return true;
    // Ours begins with the time, 0, and the zero that says that it is no digest; theirs comes back as it came.
    host.send(Buffer.concat([Buffer.of(VERSION), Buffer.alloc(RANDOM), hello.subarray(1)]));
    return push(bytes.subarray(size));
  }

  function push(bytes: Uint8Array): boolean {
    if (bytes.length === 0) return true;
    if (helloLength < hello.length) return greet(bytes);
    const skipped = Math.min(echo, bytes.length);
    echo -= skipped;
    acknowledge(bytes.length);
    return skipped === bytes.length || reader.push(bytes.subarray(skipped));
  }

  return { push, refuse: (code, why) => status("error", code, why) };
}
