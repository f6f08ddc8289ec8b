/** Why a description can't be used: for whoever wrote it, so it names the line. */
export interface SdpError {
  /** Line of the text, from 1; 0 if it is about the whole. */
  readonly line: number;
  readonly reason: string;
}

export type SdpResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: SdpError };

class SdpFailure extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

/** Ends reading; only below `attempt`. */
export function fail(line: number, reason: string): never {
  throw new SdpFailure(line, reason);
}

/** Runs a reader and turns its `fail` into a result: callers outside this folder never see an exception. */
export function attempt<T>(read: () => T): SdpResult<T> {
  try {
    return { ok: true, value: read() };
  } catch (error) {
    if (error instanceof SdpFailure) return { ok: false, error: { line: error.line, reason: error.message } };
    throw error;
  }
}
