/**
 * Transfers of one call: those that its telephone asks for, which the edge decides about, and those that we ask it for.
 * @module
 */
import * as v from "valibot";
import { type NodeTrunk, PhoneNumber } from "../../../src/protocol/index.ts";
import { formatReplaces, type Replaces } from "../sip/message/refer.ts";
import { userOf } from "../sip/message/uri.ts";
import type { SipDialog } from "../sip/session/call.ts";
import type { Referral } from "../sip/session/referrals.ts";
import { reasonFor } from "./causes.ts";
import type { CallFrame } from "./phone-call.ts";

/** The edge has so long (ms) to say what becomes of it. */
const EDGE_PATIENCE = 10_000;
/** Whoever was transferred has so long (ms) to hang up by itself. */
const LEAVE_TIME = 2_000;

/** A telephone may ask so often in a call: each time the edge has work. */
const MOST_ASKED = 20;

export interface TransferOptions {
  /** Id of the call. */
  readonly id: string;
  /** What its trunk lets telephones ask for. */
  readonly policy: () => NodeTrunk["transfer"];
  /** Whether a call is one of ours, by the name that its telephone gives it. */
  readonly isOurs: (replaces: Replaces) => boolean;
  /** Milliseconds, the clock of the SIP stack. */
  readonly now: () => number;
  readonly report: (frame: CallFrame) => void;
  /** It has been transferred, and is to end. */
  readonly leave: () => void;
}

export interface Transfers {
  /** Whether one is under way, or has come about: a telephone that hangs up now has been transferred. */
  readonly isUnderWay: boolean;
  /** The telephone asks that somebody else be called in its place. @returns the status that answers it */
  referred(referral: Referral): number;
  /** The call that takes its place goes so, or there will be none. */
  progress(status: number): void;
  /** We ask the telephone to call somebody else. @param refer sends that; false if it can't be asked now */
  ask(refer: () => boolean): boolean;
  /** What it says of that. */
  asked(status: number): void;
  close(): void;
}

/** The number that a REFER is about, undefined if it is none. */
function numberIn({ uri }: Referral): string | undefined {
  const user = userOf(uri);
  // Those of tel: URIs may be set apart for people to read (RFC 3966 §3).
  const number = uri.scheme === "tel" ? user.replaceAll(/[-.()]/g, "") : user;
  return v.is(PhoneNumber, number) ? number : undefined;
}

/** A call as one of the telephones in it names it to the other. */
export function replacesFor({ callId, localTag, remoteTag }: SipDialog): Replaces {
  return { callId, toTag: remoteTag, fromTag: localTag, isEarlyOnly: false };
}

export function createTransfers({ id, policy, isOurs, now, report, leave }: TransferOptions): Transfers {
  /** What the telephone asked for, and nobody has answered yet. */
  let referral: Referral | undefined;
  let timesAsked = 0;
  let isAsking = false;
  let isDone = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function done(): void {
    isDone = true;
    clearTimeout(timer);
    timer = setTimeout(leave, LEAVE_TIME);
  }

  return {
    get isUnderWay() {
      return isDone || isAsking || referral !== undefined;
    },
    referred(asked) {
      const { replaces } = asked;
      const allowed = policy() ?? "off";
      if (allowed === "off" || (replaces && allowed !== "on")) return 403;
      const to = numberIn(asked);
      if (to === undefined) return 404;
      if (isAsking || isDone || ++timesAsked > MOST_ASKED) return 603;
      // Both ends would be in rooms of ours, with nobody left between them.
      if (replaces && isOurs(replaces)) return 603;
      referral = asked;
      clearTimeout(timer);
      timer = setTimeout(() => {
        referral?.notify(503, now());
        referral = undefined;
      }, EDGE_PATIENCE);
      report({
        ...{ type: "call.transfer-wanted", call: id, to },
        ...(replaces && { replaces: formatReplaces(replaces) }),
      });
      return 202;
    },
    progress(status) {
      if (!referral) return;
      clearTimeout(timer);
      referral.notify(status, now());
      if (status < 200) return;
      referral = undefined;
      if (status < 300) done();
    },
    ask(refer) {
      if (isAsking || isDone || referral || !refer()) return false;
      isAsking = true;
      return true;
    },
    asked(status) {
      if (!isAsking) return;
      if (status >= 200) isAsking = false;
      report({ type: "call.transfer-state", call: id, cause: { sip: status, reason: reasonFor(status) } });
      if (status >= 200 && status < 300) done();
    },
    close() {
      clearTimeout(timer);
    },
  };
}
