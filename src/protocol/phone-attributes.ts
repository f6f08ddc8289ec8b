/**
 * How a participant that is a telephone is described. By itself, so that an app that only shows it loads no schemas.
 * @module
 */
/** Names of its attributes. */
export const PHONE_ATTRIBUTES = {
  call: "sip.callId",
  /** A state of `CALL_STATES`. */
  state: "sip.callStatus",
  /** Unless it is hidden. */
  number: "sip.phoneNumber",
  trunk: "sip.trunkId",
  /** Why a call that was made from the room has failed, on the way out. */
  reason: "sip.reason",
} as const;
