/**
 * What a telephone call is to the rest of the node.
 * @module
 */
import type { Assignment, CALL_FRAMES, CallCause, NodeFrame, NodeTrunk } from "../../../src/protocol/index.ts";
import type { PoolLegs } from "../../worker/pool-legs.ts";
import type { AudioMedia } from "../sip/description/audio-media.ts";
import type { Replaces } from "../sip/message/refer.ts";
import type { IncomingCall, SipCall, SipDialog } from "../sip/session/call.ts";
import type { SipCallEvents } from "../sip/session/media.ts";
import type { TransferOptions, Transfers } from "./transfers.ts";

export type CallFrame = Extract<NodeFrame, { type: Exclude<keyof typeof CALL_FRAMES, "calls"> }>;

export interface PhoneCallOptions {
  readonly id: string;
  /** Name of its trunk. */
  readonly trunk: string;
  readonly legs: PoolLegs;
  /** Where signaling comes from: sound may come from there, too. */
  readonly signaling: string;
  /** It comes by WebSocket. */
  readonly isBrowser?: boolean;
  /** Whether sound is encrypted. */
  readonly srtp: NodeTrunk["srtp"];
  /** Whether it may be seen, and see. */
  readonly video?: boolean | undefined;
  /** Milliseconds, the clock of the SIP stack. */
  readonly now: () => number;
  readonly report: (frame: CallFrame) => void;
  readonly transfers: Pick<TransferOptions, "policy" | "isOurs">;
  /** Told how a call goes that is made: statuses below 200, then a final one. */
  readonly onProgress?: ((status: number) => void) | undefined;
  /** Told once. */
  readonly onOver: () => void;
}

export interface PhoneCall {
  readonly id: string;
  readonly trunk: string;
  readonly events: SipCallEvents;
  readonly transfers: Transfers;
  /** What its telephone knows it by; undefined before it is answered. */
  readonly dialog: SipDialog | undefined;
  /** Is that call, which came in: rings, and waits for the edge. */
  take(incoming: IncomingCall): void;
  /** Calls somebody for a participant of a room. @param dial makes the SIP call. @throws (rejects with) TandemError */
  start(room: Assignment, pid: string, dial: (media: AudioMedia) => SipCall): Promise<void>;
  /** Answers, if it isn't answered, and lets it be that participant. @throws (rejects with) TandemError */
  join(room: Assignment, pid: string): Promise<void>;
  /** Answers, if it isn't answered, plays something and collects up to `digits` keys. @throws (rejects with) TandemError */
  prompt(prompt: string, digits: number | undefined): Promise<void>;
  reject(status: number, reason: string): void;
  hangUp(cause: CallCause): void;
  hold(held: boolean): void;
  dial(digits: string): void;
  /** Asks the telephone to call somebody else. @param replaces whose call this one takes the place of @throws TandemError */
  transfer(target: string, replaces: Replaces | undefined): void;
}
