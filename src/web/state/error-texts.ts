import { TandemError } from "../../protocol/errors.ts";

/** The sentences people read; `ERRORS` holds those for developers. */
const TEXTS: Readonly<Record<string, string>> = {
  unreachable: "The server does not answer; check your connection and try again.",
  "invitation-invalid": "This invitation is not valid any more; ask for a new link.",
  "token-missing": "The link lacks what lets you in; open the one you were given again.",
  "token-invalid": "This link does not open the room; ask for a new one.",
  "token-expired": "This link has expired; ask for a new one.",
  "token-wrong-room": "This link is for another room; open the one you were given again.",
  "password-wrong": "That is not the operator's password; try again.",
  "room-exists": "There is a room of that name already; take another name.",
  "room-full": "The room is full; try again when somebody has left.",
  "room-closed": "The room was closed.",
  "no-such-room": "There is no such room; check the address, or ask for a new link.",
  "rate-limited": "That was too often; wait a minute and try again.",
  "missing-secret": "This deployment is not finished; whoever runs it must set a secret.",
  "access-mode": "This deployment does not let people in that way; ask for a link.",
  removed: "A moderator removed you from the room.",
  replaced: "You joined from another tab or device, so this one has stopped.",
  "resume-refused": "You were away too long; join again.",
  "no-grant": "You may not do that in this room.",
  "no-media-node": "The room needs a media node and none is running; chat still works.",
  "too-large": "That is too long; send it in parts.",
  "upgrade-required": "This page is older than the server; load it again.",
  "going-away": "The server is restarting; try again in a moment.",
  "no-such-participant": "They have left already.",
  "destination-denied": "That number can't be called from here; ask whoever runs this deployment.",
  "trunk-unavailable": "No telephone line is up; ask whoever runs this deployment.",
  "trunk-busy": "All telephone lines are busy; try again in a moment.",
  "room-elsewhere": "The telephone line is at another media node than this room; ask whoever runs this deployment.",
  "no-such-call": "That call has ended already.",
  "call-state": "The telephone has not answered yet.",
};

const FALLBACK = "Something failed; try again.";

/**
 * What went wrong and what to do, in one sentence, for the person in front of the screen. Any other error than the SDK's is
 * a defect of the app: it is reported as uncaught too, so that it is seen.
 */
export function textOf(error: unknown): string {
  if (error instanceof TandemError) return textOfCode(error.code);
  reportError(error);
  return FALLBACK;
}

/** The same for a code out of a snapshot. */
export const textOfCode = (code: string): string => TEXTS[code] ?? FALLBACK;
