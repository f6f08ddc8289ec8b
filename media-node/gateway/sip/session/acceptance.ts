import type { ResponseDraft, SipRequest } from "../message/message.ts";
import type { ServerTransaction } from "../transaction/server.ts";
import { T1, T2, type Timer, type Timers } from "../transaction/timers.ts";

/** A 2xx to INVITE, repeated until its ACK comes, over every transport (RFC 3261 §13.3.1.4). */
export interface Acceptance {
  readonly isPending: boolean;
  /** Takes an ACK; false if it is that of another INVITE. */
  acknowledge(ack: SipRequest): boolean;
  /** Stops repeating, without an event. */
  stop(): void;
}

export interface AcceptanceEvents {
  acknowledged(ack: SipRequest): void;
  /** No ACK within 64 × T1. */
  timedOut(): void;
}

/** Sends the response at once. */
export function createAcceptance(
  timers: Timers,
  transaction: ServerTransaction,
  response: ResponseDraft,
  events: AcceptanceEvents,
): Acceptance {
  let isPending = true;
  let resend: Timer;
  const timeout = timers.set(64 * T1, () => {
    stop();
    events.timedOut();
  });

  function stop(): void {
    isPending = false;
    resend.cancel();
    timeout.cancel();
  }

  function repeat(delay: number): void {
    resend = timers.set(delay, () => {
      transaction.respond(response);
      repeat(Math.min(2 * delay, T2));
    });
  }

  transaction.respond(response);
  repeat(T1);

  return {
    get isPending() {
      return isPending;
    },
    acknowledge(ack) {
      if (ack.cseq !== transaction.request.cseq) return false;
      if (!isPending) return true;
      stop();
      events.acknowledged(ack);
      return true;
    },
    stop,
  };
}
