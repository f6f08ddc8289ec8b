import type { NodeParticipant } from "../../src/protocol/index.ts";
import type { FlushList } from "../forward/flush-list.ts";
import type { RunSink } from "../forward/writer.ts";
import type { IceCredentials } from "../ice/credentials.ts";
import type { Router } from "../room/router.ts";
import type { ReadOffer } from "./description.ts";
import type { Tally } from "./tally.ts";
import type { TransportHost } from "./transport.ts";

/** What all sessions of a worker share. */
export interface SessionHost extends TransportHost {
  readonly runs: RunSink;
  readonly flushes: FlushList;
  /** Values of `a=candidate` lines. */
  readonly candidates: readonly string[];
  /** Ceiling of what one publisher is asked to send, in bit/s. */
  readonly maxBitrate: number;
  /** STUN that names this ufrag is the session's. */
  addUfrag(ufrag: string, session: Session): void;
  removeUfrag(ufrag: string): void;
  /** Packets of this path are the session's. */
  claim(path: number, session: Session): void;
  release(path: number, session: Session): void;
  /** To be flushed before media of the present turn leaves. */
  wake(session: Session): void;
}

export interface SessionOptions {
  readonly host: SessionHost;
  readonly router: Router;
  readonly participant: NodeParticipant;
  readonly offer: ReadOffer;
  readonly now: number;
  /** `closed` comes last, and not when we close. */
  readonly onState: (state: SessionState, now: number) => void;
}
export type SessionState = "connected" | "silent" | "closed";

/** One participant's WebRTC session (DESIGN §3): answers offers, never makes one. */
export interface Session {
  /** What the last offer was answered with. */
  readonly answer: string;
  /** Nothing was heard for 8 s. */
  readonly silent: boolean;
  /** Whether an offer is a further one of this session's peer connection. */
  continues(offer: ReadOffer): boolean;
  /** Answers a further offer; the same again gets the same answer. */
  reoffer(offer: ReadOffer, now: number): string;
  /**
   * ICE restart without an offer; the same credentials again get the same answer. What runs goes on until the peer uses them.
   * @throws TandemError `media-offer` for credentials that are none
   */
  restart(credentials: IceCredentials, now: number): string;
  update(participant: NodeParticipant, now: number): void;
  handleStun(
    bytes: Uint8Array,
    offset: number,
    length: number,
    path: number,
    address: string,
    port: number,
    now: number,
  ): void;
  handleDtls(bytes: Uint8Array, offset: number, length: number, path: number, now: number): void;
  handleRtp(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  handleRtcp(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  /** Another session has taken a path over. */
  pathLost(path: number): void;
  /** Sends what the client must know before this turn's media. */
  flush(now: number): void;
  /** When {@link tick} has something to do, at the latest; changes with whatever the session is told. */
  readonly deadline: number;
  tick(now: number): void;
  /** Adds what was counted. */
  count(tally: Tally): void;
  close(now: number): void;
}
