/**
 * The door through which encoders come, as those behind it see it.
 * @module
 */
import type { AacProvider } from "../../codec/aac.ts";

/** An open connection to an encoder. */
export interface IngestChannel {
  /** Tells the encoder why, and closes. `code` as RTMP has it: `NetStream.Publish.…` */
  refuse(code: string, why: string): void;
  close(): void;
}

/** Whoever is behind the door: told what happens there. Bytes are its own during the call, to be written to as well. */
export interface IngestGuest {
  /** An encoder has brought the key. @returns false where another one with it still sends */
  connected(channel: IngestChannel, now: number): boolean;
  /** Bodies of FLV's tags, and their times (ms, modulo 2³²). */
  audio(bytes: Buffer, length: number, timestamp: number, now: number): void;
  video(bytes: Buffer, length: number, timestamp: number, now: number): void;
  /** The connection is over; not told where the guest closed it. `finished`: the encoder has said that it is done. */
  disconnected(finished: boolean, now: number): void;
}

export interface RtmpDoor {
  /** Where the door is: what encoders call the server. */
  readonly url: string;
  /** What decodes the encoders' sound, which is left out where there is nothing. */
  readonly aac: AacProvider | undefined;
  /** Lets an encoder in that brings this key, as often as it comes. */
  expect(key: string, guest: IngestGuest): void;
  /** Lets it in no more. */
  forget(key: string): void;
}
