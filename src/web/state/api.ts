import * as v from "valibot";
import { isErrorCode, Problem, TandemError } from "../../protocol/errors.ts";
import {
  type CreateInvitations,
  Invitations,
  type OpenToken,
  PublicConfig,
  RedeemedInvitation,
  type RedeemInvitation,
  Token,
} from "../../protocol/rest.ts";

async function call<S extends v.GenericSchema>(
  path: string,
  schema: S,
  body?: unknown,
  signal?: AbortSignal,
): Promise<v.InferOutput<S>> {
  const init: RequestInit = { credentials: "omit", cache: "no-store", signal: signal ?? null };
  if (body !== undefined) {
    init.method = "POST";
    init.headers = { "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init).catch(cause => {
    throw signal?.aborted ? cause : new TandemError("unreachable");
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) {
    const parsed = v.safeParse(schema, answer);
    if (parsed.success) return parsed.output;
  }
  const problem = v.safeParse(Problem, answer);
  if (problem.success && isErrorCode(problem.output.code))
    throw new TandemError(problem.output.code, problem.output.detail);
  throw new TandemError(response.status === 429 ? "rate-limited" : "internal");
}

/** The few REST calls the app makes before anybody is in a room. Each rejects with a `TandemError`. */
export const api = {
  config: (signal?: AbortSignal) => call("/v1/config", PublicConfig, undefined, signal),
  openToken: (body: OpenToken) => call("/v1/open/tokens", Token, body),
  createInvitations: (body: CreateInvitations) => call("/v1/invitations", Invitations, body),
  redeemInvitation: (body: RedeemInvitation) => call("/v1/invitations/redeem", RedeemedInvitation, body),
};
