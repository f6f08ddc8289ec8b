/**
 * How objects answer the Worker. An error's own fields do not survive a call between objects, so refusals travel as values.
 * @module
 */
import { type ErrorCode, TandemError } from "../protocol/errors.ts";

export interface Refusal {
  readonly code: ErrorCode;
  readonly detail?: string;
}
export type Reply<T> = { readonly value: T } | { readonly refusal: Refusal };

/** The refusal that stands for a {@link TandemError}. */
export const refusalOf = (error: TandemError): Refusal =>
  error.detail === undefined ? { code: error.code } : { code: error.code, detail: error.detail };

/** Run `work` and answer with its value, or with the refusal it throws. Other failures pass. */
export function replyWith<T>(work: () => T): Reply<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (error instanceof TandemError) return { refusal: refusalOf(error) };
    throw error;
  }
}

/** {@link replyWith} for work that takes time. */
export async function replyLater<T>(work: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof TandemError) return { refusal: refusalOf(error) };
    throw error;
  }
}

/**
 * The value of a reply.
 * @throws TandemError if it is a refusal
 */
export function unwrap<T>(reply: Reply<T>): T {
  if ("refusal" in reply) throw new TandemError(reply.refusal.code, reply.refusal.detail);
  return reply.value;
}
