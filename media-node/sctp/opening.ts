import { randomBytes } from "node:crypto";
import { encodeInit, type ParsedInit, parseInit } from "./chunks.ts";
import { ChunkType, writeChunk } from "./packet.ts";
import { INBOUND_STREAMS, RECEIVE_WINDOW } from "./receiver.ts";

/** Waits for an answer to INIT and COOKIE ECHO, in ms; doubles up to the longest. */
const FIRST_WAIT = 300;
const LONGEST_WAIT = 2_000;
const MOST_TRIES = 12;

/** What an opening wants done. A chunk for `alone` may not share its packet, and carries this verification tag. */
export interface OpeningListener {
  sendAlone(chunk: Uint8Array, verificationTag: number): void;
  /** COOKIE ECHO: first in its packet, data may follow in the same one. */
  sendCookieEcho(chunk: Uint8Array): void;
  /** The peer's parameters are known. May come twice; the later counts. */
  onPeer(peer: ParsedInit): void;
  /** Measured in ms, when nothing had to be sent twice. */
  onRoundTrip(roundTrip: number): void;
  onEstablished(): void;
  onTimeout(): void;
}

/**
 * Opening an association (RFC 9260 §5.1), from our side, from the peer's, or from both at once (§5.2). The peer is
 * authenticated by DTLS, so the cookie needs no state of its own: it is a random number that names the last INIT.
 */
export interface Opening {
  readonly localTag: number;
  readonly initialTsn: number;
  start(now: number): void;
  onInit(value: Buffer): void;
  onInitAck(value: Buffer, now: number): void;
  /** Whether the cookie is ours: then COOKIE ACK is due. */
  onCookieEcho(value: Uint8Array): boolean;
  onCookieAck(now: number): void;
  nextTimeout(): number;
  tick(now: number): void;
}

export function createOpening(listener: OpeningListener): Opening {
  const random = randomBytes(24);
  const localTag = random.readUInt32BE(0) || 1;
  const initialTsn = random.readUInt32BE(4);
  const cookie = random.subarray(8);
  const init = {
    tag: localTag,
    window: RECEIVE_WINDOW,
    outboundStreams: 0xffff,
    inboundStreams: INBOUND_STREAMS,
    initialTsn,
  };
  let state: "new" | "init-sent" | "cookie-sent" | "established" = "new";
  let offer: ParsedInit | undefined;
  let peer: ParsedInit | undefined;
  let echo: Uint8Array | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  let wait = FIRST_WAIT;
  let tries = 0;
  let sentAt = 0;

  function meet(next: ParsedInit): void {
    if (peer?.tag === next.tag && peer.initialTsn === next.initialTsn) return;
    peer = next;
    listener.onPeer(next);
  }

  function establish(): void {
    if (state === "established") return;
    state = "established";
    dueAt = Number.POSITIVE_INFINITY;
    listener.onEstablished();
  }

  function measure(now: number): void {
    if (tries === 0) listener.onRoundTrip(now - sentAt);
  }

  function transmit(now: number): void {
    sentAt = now;
    dueAt = now + wait;
    if (echo !== undefined) listener.sendCookieEcho(echo);
    else listener.sendAlone(encodeInit(ChunkType.init, init), 0);
  }

  return {
    localTag,
    initialTsn,
    start(now) {
      if (state !== "new") return;
      state = "init-sent";
      transmit(now);
    },
    onInit(value) {
      const parsed = parseInit(value);
      // Once established, an INIT is a late copy: WebRTC peers restart DTLS, never SCTP alone.
      if (parsed === undefined || state === "established") return;
      offer = parsed;
      listener.sendAlone(encodeInit(ChunkType.initAck, init, cookie), parsed.tag);
    },
    onInitAck(value, now) {
      const parsed = parseInit(value);
      if (parsed?.cookie === undefined || state !== "init-sent") return;
      state = "cookie-sent";
      measure(now);
      wait = FIRST_WAIT;
      tries = 0;
      echo = writeChunk(ChunkType.cookieEcho, 0, parsed.cookie);
      meet(parsed);
      transmit(now);
    },
    onCookieEcho(value) {
      if (offer === undefined || Buffer.compare(value, cookie) !== 0) return false;
      if (state !== "established") meet(offer);
      establish();
      return true;
    },
    onCookieAck(now) {
      if (state !== "cookie-sent") return;
      measure(now);
      establish();
    },
    nextTimeout: () => dueAt,
    tick(now) {
      if (now < dueAt) return;
      wait = Math.min(LONGEST_WAIT, wait * 2);
      if (++tries < MOST_TRIES) transmit(now);
      else {
        dueAt = Number.POSITIVE_INFINITY;
        listener.onTimeout();
      }
    },
  };
}
