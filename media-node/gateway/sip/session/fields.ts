import type { ServerTransaction } from "../transaction/server.ts";
import { ALLOWED_METHODS, SUPPORTED_OPTIONS } from "./body.ts";
import type { SessionContext } from "./context.ts";

/** What responses that make or refresh a dialog say of us (RFC 3261 §12.1.1). */
export function dialogFields(
  context: SessionContext,
  { request, flow }: ServerTransaction,
): Record<string, string | string[]> {
  const routes = request.headers.get("record-route");
  return {
    contact: context.contactFor(flow, request.uri),
    allow: ALLOWED_METHODS,
    supported: SUPPORTED_OPTIONS,
    server: context.product,
    ...(routes && { "record-route": routes }),
  };
}
