import { textOfCode } from "../state/error-texts.ts";

/** How a call's end is told. */
export interface EndingText {
  readonly title: string;
  readonly text: string;
  readonly label: string;
  /** The button leads to the start page instead of back into the room. */
  readonly home?: boolean;
}

/**
 * What to say when a call is over.
 *
 * @param code - Of the error that ended it; `undefined` if the person left.
 */
export function endingOf(code: string | undefined): EndingText {
  switch (code) {
    case undefined:
      return { title: "You left", text: "The others can go on without you; you can come back.", label: "Join again" };
    case "removed":
      return { title: "You were removed", text: textOfCode(code), label: "To the start", home: true };
    case "replaced":
      return { title: "You are here twice", text: textOfCode(code), label: "Join here instead" };
    case "room-closed":
      return { title: "The call is over", text: textOfCode(code), label: "To the start", home: true };
    default:
      return { title: "The call was cut off", text: textOfCode(code), label: "Join again" };
  }
}
