import { hasToken, header, type SipHeaders } from "../message/headers.ts";
import { parseInteger } from "../message/syntax.ts";
import type { Timer, Timers } from "../transaction/timers.ts";
import type { Refusal } from "./body.ts";

/** RFC 4028 §4, §5: seconds. */
export const MIN_SESSION_INTERVAL = 90;
export const SESSION_INTERVAL = 1800;
const MAX_INTERVAL = 86_400;

/** Who keeps a session alive, and how often. */
export interface SessionTerms {
  /** Seconds until the session ends by itself, unless refreshed before. */
  readonly interval: number;
  readonly isRefresherLocal: boolean;
}

interface SessionExpires {
  readonly interval: number;
  readonly refresher: "uac" | "uas" | undefined;
}

/** Reads Session-Expires; undefined if it isn't there or makes no sense. */
function readSessionExpires(headers: SipHeaders): SessionExpires | undefined {
  const [seconds = "", ...parameters] = (header(headers, "session-expires") ?? "").split(";").map(part => part.trim());
  const interval = parseInteger(seconds, 0xffff_ffff);
  if (interval === undefined || interval === 0) return undefined;
  const stated = /^refresher\s*=\s*(uac|uas)$/i;
  const refresher = parameters.map(parameter => stated.exec(parameter)?.[1]?.toLowerCase()).find(Boolean);
  return { interval, refresher: refresher === "uac" || refresher === "uas" ? refresher : undefined };
}

/** Min-SE in seconds (RFC 4028 §5), 90 where it isn't given. */
export function readMinInterval(headers: SipHeaders): number {
  const seconds = parseInteger((header(headers, "min-se") ?? "").split(";", 1)[0]!.trim(), MAX_INTERVAL);
  return Math.max(MIN_SESSION_INTERVAL, seconds ?? 0);
}

/** The refusal of an INVITE or UPDATE that asks for less than we can live with (RFC 4028 §9). */
export function refuseInterval(headers: SipHeaders): Refusal | undefined {
  const asked = readSessionExpires(headers);
  if (!asked || asked.interval >= MIN_SESSION_INTERVAL || !hasToken(headers, "supported", "timer")) return undefined;
  return { status: 422, headers: { "min-se": String(MIN_SESSION_INTERVAL) } };
}

/** What a UAS says to an INVITE or UPDATE that it takes: what holds, and the fields that say so. */
export interface SessionAnswer {
  readonly terms: SessionTerms;
  readonly headers: Record<string, string>;
}

/**
 * The session timer as its UAS settles it (RFC 4028 §9): what the peer asks for if it isn't too short, else `interval` with
 * us as the refresher, which works with peers that never heard of it.
 */
export function answerSessionTimer(headers: SipHeaders, interval: number): SessionAnswer {
  const isSupported = hasToken(headers, "supported", "timer");
  const asked = readSessionExpires(headers);
  const settled = Math.max(Math.min(asked?.interval ?? interval, interval), readMinInterval(headers));
  const refresher = isSupported ? (asked?.refresher ?? "uas") : "uas";
  return {
    terms: { interval: settled, isRefresherLocal: refresher === "uas" },
    headers: {
      "session-expires": `${settled};refresher=${refresher}`,
      ...(refresher === "uac" && { require: "timer" }),
    },
  };
}

/** What a UAC writes into an INVITE or a refresh (RFC 4028 §7.1, §7.4). */
export function askSessionTimer(
  interval: number,
  minInterval: number,
  refresher?: "uac" | "uas",
): [string, string[]][] {
  const expires = Math.max(interval, minInterval);
  return [
    ["session-expires", [refresher ? `${expires};refresher=${refresher}` : String(expires)]],
    ["min-se", [String(minInterval)]],
  ];
}

/** The terms in a 2xx to a request of ours (RFC 4028 §7.2); undefined: no session timer. */
export function acceptedSessionTimer(headers: SipHeaders): SessionTerms | undefined {
  const agreed = readSessionExpires(headers);
  if (!agreed) return undefined;
  const interval = Math.min(MAX_INTERVAL, Math.max(MIN_SESSION_INTERVAL, agreed.interval));
  return { interval, isRefresherLocal: agreed.refresher !== "uas" };
}

/** Refreshes a session in time, or ends it (RFC 4028 §10). */
export interface SessionClock {
  /** Starts anew with what was agreed on; undefined: there is no limit. */
  set(terms: SessionTerms | undefined): void;
  stop(): void;
}

/** @param refresh to be answered by `set` before the session ends */
export function createSessionClock(
  timers: Timers,
  { refresh, expired }: { refresh(interval: number): void; expired(): void },
): SessionClock {
  let timer: Timer | undefined;
  let isStopped = false;
  return {
    set(terms) {
      timer?.cancel();
      if (!terms || isStopped) return;
      const { interval, isRefresherLocal } = terms;
      const end = 1000 * (interval - Math.min(32, interval / 3));
      const half = 500 * interval;
      timer = timers.set(isRefresherLocal ? half : end, () => {
        if (!isRefresherLocal) return expired();
        timer = timers.set(end - half, expired);
        refresh(interval);
      });
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
