import { parseAddress } from "../../net/address.ts";
import { createSourceBudget } from "../../turn/source-budget.ts";
import { header, type SipHeaders } from "./message/headers.ts";

export interface AdmissionLimits {
  /** Requests a second that may begin something, per IPv4 address or IPv6 /64; 0: no limit. */
  readonly requestsPerSecond: number;
  /** How many of them at once. */
  readonly burst: number;
  /** Requests a second within calls. */
  readonly continuationsPerSecond: number;
  /** Answers a second that tell a source it sends too much, or what can't be read; beyond that there is silence. */
  readonly refusalsPerSecond: number;
}

export const DEFAULT_ADMISSION: AdmissionLimits = {
  requestsPerSecond: 50,
  burst: 200,
  continuationsPerSecond: 500,
  refusalsPerSecond: 10,
};

/** Who is listened to, decided before any state is made: memory is fixed whatever arrives. */
export interface Admission {
  /** Whether a request that begins something may be looked at. */
  mayBegin(address: string, now: number): boolean;
  /** Whether a request within a call may be looked at: else one caller's would crowd out everybody's. */
  mayContinue(address: string, now: number): boolean;
  /** Whether a refusal that costs no state may be sent there. */
  mayRefuse(address: string, now: number): boolean;
}

/** @param seed makes it unpredictable which sources share a budget */
export function createAdmission(limits: AdmissionLimits, seed: number): Admission {
  const { requestsPerSecond, burst, continuationsPerSecond, refusalsPerSecond } = limits;
  const requests = createSourceBudget({ perSecond: requestsPerSecond, burst, seed });
  const continuations = createSourceBudget({
    perSecond: continuationsPerSecond,
    burst: 2 * continuationsPerSecond,
    seed: seed ^ 0x5bd1e995,
  });
  const refusals = createSourceBudget({ perSecond: refusalsPerSecond, burst: 2 * refusalsPerSecond, seed: ~seed });
  const take = (budget: typeof requests, address: string, now: number): boolean => {
    const bytes = parseAddress(address);
    return bytes !== undefined && budget.take(bytes, bytes.length === 4 ? 1 : 2, now);
  };
  return {
    mayBegin: (address, now) => take(requests, address, now),
    mayContinue: (address, now) => take(continuations, address, now),
    mayRefuse: (address, now) => take(refusals, address, now),
  };
}

const SCANNERS =
  /friendly-(scanner|request)|sipvicious|sipcli|sip-?scan|sundayddr|\biwar\b|pplsip|vax(sip|ip)useragent|sipsscuser|\bsmap\b/i;

/** Whether a request names one of the tools that look for open gateways. A hint: the clever ones lie. */
export function isScanner(headers: SipHeaders): boolean {
  return SCANNERS.test(header(headers, "user-agent") ?? "");
}
