import { ERRORS, type ErrorCode, errorOfClose, isErrorCode, TandemError } from "../../protocol/errors.ts";

/** An error as snapshots show it. `code` is one of the error table, or a newer server's. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly detail?: string | undefined;
}

/** The failure that an error of the table describes. */
export const failureOf = (code: ErrorCode, detail?: string): Failure => ({
  code,
  message: ERRORS[code].message,
  retryable: ERRORS[code].retryable,
  detail,
});

/**
 * What the end of a socket means. Our own close codes say it, and the error frame before them (`explained`) may say more;
 * with any other code the network is to blame.
 */
export function closeFailure(close: number, explained: Failure | undefined): Failure {
  if (close < 4000) return failureOf("unreachable");
  const code = errorOfClose(close);
  if (explained && (code === undefined || code === explained.code)) return explained;
  return failureOf(code ?? "unreachable");
}

/** The throwable form. Codes that this version doesn't know become `internal` and keep their name in the detail. */
export const errorOf = ({ code, message, detail }: Failure): TandemError =>
  isErrorCode(code) ? new TandemError(code, detail) : new TandemError("internal", `${code}: ${message}`);
