/**
 * What the Worker has verified about a connection, handed to the room in a header that only the Worker can set: it builds
 * that request anew, so nothing a client sent gets there.
 * @module
 */
import type { JoinClaims } from "../../protocol/tokens.ts";
import type { Place, RelayNode } from "../turn/nearest.ts";

export type Admission = Seen &
  (
    | { readonly kind: "join"; readonly claims: JoinClaims }
    | { readonly kind: "resume"; readonly life: string; readonly pid: string }
  );

interface Seen {
  /** Where the client seems to be. */
  readonly place?: Place | undefined;
  /** Nodes that could relay for it, as the room found when it came. */
  readonly relays?: readonly RelayNode[];
}

export const ADMISSION_HEADER = "x-tandem-admission";

/** As a header value: JSON, escaped to the ASCII that headers carry. */
export const encodeAdmission = (admission: Admission): string => encodeURIComponent(JSON.stringify(admission));

export const decodeAdmission = (header: string): Admission => JSON.parse(decodeURIComponent(header));
