import type { SipHeaders } from "./headers.ts";
import type { NameAddress } from "./name-address.ts";
import type { SipUri } from "./uri.ts";
import type { SipVia } from "./via.ts";

/** A request as it is to be written. */
export interface RequestDraft {
  readonly method: string;
  /** Request-URI as written. */
  readonly uri: string;
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}

/** A response as it is to be written. */
export interface ResponseDraft {
  /** 100-699. */
  readonly status: number;
  readonly reason: string;
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}

/** What every message that was taken holds, checked. */
interface Received {
  /** The topmost. */
  readonly via: SipVia;
  readonly from: NameAddress;
  readonly to: NameAddress;
  readonly callId: string;
  readonly cseq: number;
}

/** A request that was received: every field that all of them must have is there and well-formed. */
export interface SipRequest extends RequestDraft, Received {
  readonly target: SipUri;
}

/** A response that was received. */
export interface SipResponse extends ResponseDraft, Received {
  /** Method of the request that it answers. */
  readonly method: string;
}

export const NO_BODY = new Uint8Array(0);

/** Tag of a From or To, "" if there is none. */
export function tagOf(address: NameAddress): string {
  return address.parameters.get("tag") ?? "";
}
