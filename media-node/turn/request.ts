import type { StunMessage } from "../stun/message.ts";
import type { Allocation } from "./allocation.ts";
import type { Authentication } from "./auth/authenticator.ts";
import type { ClientTransport } from "./io.ts";

/** A request under way. Reused: valid until the handler returns. */
export interface StunRequest {
  message: StunMessage;
  transport: ClientTransport;
  client: number;
  /** The allocation on the client's 5-tuple. */
  allocation: Allocation | undefined;
  /** Who asks; its key is undefined before authentication. */
  readonly authentication: Authentication;
  now: number;
}
