import type { SipCredentials } from "../auth/client.ts";
import type { SipRequest } from "../message/message.ts";
import type { Replaces } from "../message/refer.ts";
import type { ResponseOptions } from "../message/respond.ts";
import type { SipFlow } from "../transport/flow.ts";
import type { SipCallEvents, SipMedia } from "./media.ts";

/** An answered call, as both of its ends know it. */
export interface SipDialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** The peer's Contact. */
  readonly remoteTarget: string;
}

/** A call, seen from one of its ends. Every `now` is in milliseconds, on the stack's clock. */
export interface SipCall {
  readonly callId: string;
  readonly isOver: boolean;
  /** What others name an answered call by, for another to take its place (RFC 3891); undefined before it is answered. */
  readonly dialog: SipDialog | undefined;
  /** Offers what its media now want (hold, resume, another codec); waits while the peer does the same. */
  renegotiate(now: number): void;
  /** Sends an INFO (RFC 6086) within an established call. */
  info(contentType: string, body: Uint8Array, now: number): void;
  /**
   * Asks the peer to call somebody else (REFER, RFC 3515); `transferProgress` tells how that goes.
   * @param replaces the peer's call that this one is to take the place of
   * @returns false if the call isn't established, or the last such isn't over yet
   */
  refer(target: string, replaces: Replaces | undefined, now: number): boolean;
  /**
   * Ends the call, whatever state it is in: CANCEL, BYE, or a refusal (480). `ended` is told before it returns.
   * @param reason value of a Reason field (RFC 3326), such as `Q.850;cause=16`
   */
  hangUp(now: number, reason?: string): void;
}

/** A call that came in. */
export interface IncomingCall extends SipCall {
  /** The INVITE, and where it came from: who calls whom. */
  readonly invite: SipRequest;
  readonly flow: SipFlow;
  /** Tells the caller how it stands: 180, 181, 183 and the like; with media, the answer to its offer too. */
  progress(status: number, now: number, media?: SipMedia): void;
  /** Takes the call. An offer that can't be answered refuses it with 488. */
  accept(media: SipMedia, now: number): void;
  /** Refuses it: 300-699. */
  reject(status: number, now: number, options?: Pick<ResponseOptions, "reason" | "headers">): void;
}

/** A call to be made. */
export interface CallOptions {
  /** URI of the callee. */
  readonly target: string;
  /** Our own URI, and the name shown with it. */
  readonly from: { readonly uri: string; readonly displayName?: string };
  /** URIs of proxies to go through, the nearest first. */
  readonly route?: readonly string[];
  /** The way to go first, as to who registered by it. */
  readonly flow?: SipFlow | undefined;
  readonly media: SipMedia;
  /** Lets the callee make the offer (RFC 3261 §13.2.1). */
  readonly isOfferDelayed?: boolean;
  readonly credentials?: SipCredentials;
  /** Further header fields, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly events: SipCallEvents;
}
