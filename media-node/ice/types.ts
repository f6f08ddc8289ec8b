import type { IceCredentials } from "./credentials.ts";

/** What became of a packet, for counters. Everything but `answered`, `proved` and `ignored` is worth counting. */
export const ICE_RESULT = {
  /** A check with the right credentials; a success response went out. */
  answered: 0,
  /** The peer's answer to our own request: its path is proven. */
  proved: 1,
  /** A Binding indication. */
  ignored: 2,
  /** More checks on one path than any agent sends: no answer. */
  limited: 3,
  /** No STUN Binding message, or without a right fingerprint: no answer. */
  malformed: 4,
  /** A request without user name or integrity. */
  unsigned: 5,
  /** A request for somebody else. */
  unknownUfrag: 6,
  /** A request that doesn't know the password. */
  badIntegrity: 7,
  /** A request that demands something we don't know: answered 420. */
  unknownAttribute: 8,
  /** The peer thinks that it is controlled, but we always are: answered 487. */
  roleConflict: 9,
  /** A response to nothing of ours: wrong transaction, path or signature. */
  strayResponse: 10,
  /** The agent is closed. */
  closed: 11,
} as const;
export type IceResult = (typeof ICE_RESULT)[keyof typeof ICE_RESULT];

/** Called synchronously from the agent's methods; must not call back into the same agent. */
export interface IceListener {
  /** A path showed that it knows the password: from here on DTLS and SRTP may be taken from it. */
  onValid(path: number): void;
  /** The path was dropped: unused for 30 s, or pushed out by newer ones. Its id may be used anew. */
  onForgotten(path: number): void;
  /** Media goes to this proven path from now on; -1: to none. */
  onSelected(path: number): void;
  /** A local ufrag is no longer valid, since the peer used its successor. */
  onUfragRetired(ufrag: string): void;
  /** Nothing was heard of the peer for 8 s, having been heard before. */
  onSilent(): void;
  /** Heard again after `onSilent`. */
  onAlive(): void;
  /** Nothing was heard for 30 s; the agent is closed. */
  onTimeout(): void;
}

export interface IceAgentOptions {
  /** Encoded in the local ufrag, 0 to 4095. */
  readonly workerId: number;
  /** From the peer's description. */
  readonly remote: IceCredentials;
  /** Ours, where the peer has been told already; default: new ones. */
  readonly local?: IceCredentials;
  /** Milliseconds, from the clock that all other calls use. */
  readonly now: number;
  /** Sends a STUN message to a path. The bytes are valid during the call only. */
  readonly send: (path: number, bytes: Uint8Array, offset: number, length: number) => void;
  readonly listener: IceListener;
  /** Fills with random bytes; only tests replace it. */
  readonly random?: (bytes: Uint8Array) => void;
}

/** An ICE-lite agent (RFC 8445 §2.5), controlled, of one component: one per session. */
export interface IceAgent {
  /** The newest local credentials: what an answer carries. */
  readonly local: IceCredentials;
  /** The path that media goes to, or -1. */
  readonly selected: number;
  /**
   * Takes a STUN packet that was routed here by path, or by `receiverUfrag` if the path is not known yet.
   * @param path the caller's id of where it came from; it may be provisional until `onValid` names it
   * @param address the source as text, for XOR-MAPPED-ADDRESS
   */
  handle(
    bytes: Uint8Array,
    offset: number,
    length: number,
    path: number,
    address: string,
    port: number,
    now: number,
  ): IceResult;
  /** Whether DTLS and SRTP may be taken from a path. */
  accepts(path: number): boolean;
  /** Tells that an authenticated packet (SRTP, SRTCP, DTLS record) came on a path: a sign of life. Cheap. */
  heard(path: number, now: number): void;
  /**
   * Tells that the DTLS handshake is done. It proves the path only if our flight went to the path from which the peer's
   * last one came; else whoever knows the password could finish it under a forged source address.
   * @param helloPath where our ServerHello flight was sent
   * @param finishedPath where the peer's Finished came from
   */
  dtlsFinished(helloPath: number, finishedPath: number, now: number): void;
  /** ICE restart: makes new credentials, valid beside the old ones until the peer's first check with them. */
  restart(remote: IceCredentials): IceCredentials;
  /** Tells that a path is gone (its TCP connection closed). Calls `onSelected(-1)` if it was selected, not `onForgotten`. */
  pathClosed(path: number): void;
  /** Does what is due. */
  tick(now: number): void;
  /** When `tick` has something to do next, at the latest. `handle` and `dtlsFinished` may bring it forward. */
  readonly deadline: number;
  close(): void;
}
