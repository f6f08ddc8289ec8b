import { PHONE_ATTRIBUTES } from "../../protocol/phone-attributes.ts";
import type { ParticipantView } from "./sdk.ts";

type Person = Pick<ParticipantView, "kind" | "attributes">;

/** State of a telephone's call; `undefined` for anybody else. */
export const callStateOf = ({ kind, attributes }: Person): string | undefined =>
  kind === "phone" ? attributes?.[PHONE_ATTRIBUTES.state] : undefined;

const STATES: Readonly<Record<string, string>> = { dialing: "Calling…", ringing: "Ringing…", held: "On hold" };

/** What a telephone's call waits for; `undefined` while one can talk. */
export const callStateText = (person: Person): string | undefined => STATES[callStateOf(person) ?? ""];

/** Whether it isn't answered yet. */
export const isUnanswered = (state: string | undefined): boolean => state === "dialing" || state === "ringing";

const FAILURES: Readonly<Record<string, (name: string) => string>> = {
  busy: name => `${name} is busy; try again later.`,
  "no-answer": name => `${name} doesn't answer; try again later.`,
  unavailable: name => `${name} can't be reached now; try again later.`,
  declined: name => `${name} declined the call.`,
  "not-found": name => `${name} can't be reached: there is no such number.`,
};

/** Why nobody answered, in one sentence; nothing where somebody here hung up. */
export function failureText(name: string, reason: string | undefined): string | undefined {
  if (reason === "hangup" || reason === "cancelled" || reason === "removed") return undefined;
  return FAILURES[reason ?? ""]?.(name) ?? `The call to ${name} failed; try again.`;
}

/** A number as it is dialled, from how people write it: spaces, dashes, dots and brackets mean nothing. */
export const toNumber = (written: string): string => written.replaceAll(/[\s()/.\-\u2010-\u2015]/g, "").slice(0, 64);

/** Whether that is a number, or the name of a SIP account. */
export const isNumber = (number: string): boolean => /^\+?[A-Za-z0-9_*#]+$/.test(number);
