import type { RandomBytes } from "../message/identifier.ts";
import type { SipRequest } from "../message/message.ts";
import type { SipUri } from "../message/uri.ts";
import type { TransactionLayer } from "../transaction/layer.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import type { Timers } from "../transaction/timers.ts";
import type { SipFlow } from "../transport/flow.ts";
import type { DialogTable } from "./dialog-table.ts";

/** What all calls of a stack share. */
export interface SessionContext {
  readonly timers: Timers;
  readonly randomBytes: RandomBytes;
  readonly transactions: TransactionLayer;
  readonly dialogs: DialogTable;
  /** For User-Agent and Server. */
  readonly product: string;
  /** What we ask for as the session interval (RFC 4028), in seconds. */
  readonly sessionInterval: number;
  /** Value of our Contact, for messages to that flow about that URI: to be called `sips:`, one must be reachable so. */
  contactFor(flow: SipFlow, target: string): string;
  /** URI by which that user of ours is reached through a flow, or at a place if one is given. */
  uriFor(flow: SipFlow, user: string, place?: { readonly host: string; readonly port: number }): string;
  /** Finds where requests to a URI go, best first; none: nowhere. May call back at once. */
  resolve(uri: SipUri, done: (flows: readonly SipFlow[]) => void): void;
}

/** Whoever is behind a dialog. */
export interface DialogUser {
  /** A request within the dialog, other than ACK and CANCEL. */
  receive(transaction: ServerTransaction): void;
  receiveAck(request: SipRequest): void;
}
