/**
 * Rate limits of requests. By address only what failed to authenticate is limited tightly: a classroom shares one.
 * @module
 */
import { type ErrorCode, TandemError } from "../../protocol/errors.ts";

/** The client's address. Cloudflare overwrites the header; without it (a local runtime) all clients count as one. */
const addressOf = (request: Request): string => request.headers.get("cf-connecting-ip") ?? "local";

/** @throws TandemError `rate-limited` */
export async function spend(limit: RateLimit, key: string): Promise<void> {
  const { success } = await limit.limit({ key });
  if (!success) throw new TandemError("rate-limited");
}

const UNAUTHENTICATED: ReadonlySet<ErrorCode> = new Set([
  "token-missing",
  "token-invalid",
  "token-expired",
  "token-wrong-room",
  "invitation-invalid",
]);

/**
 * Run `work`; if it fails to authenticate, count that against the address, and once too often say so instead.
 * @throws TandemError `rate-limited`, or what `work` throws
 */
export async function countFailures<T>(env: Cloudflare.Env, request: Request, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof TandemError && UNAUTHENTICATED.has(error.code)) {
      await spend(env.FAILURE_LIMIT, addressOf(request));
    }
    throw error;
  }
}

/** Every attempt at the operator password counts, right or wrong: people choose it, so it can be guessed. */
export const spendPasswordAttempt = (env: Cloudflare.Env, request: Request): Promise<void> =>
  spend(env.PASSWORD_LIMIT, addressOf(request));
