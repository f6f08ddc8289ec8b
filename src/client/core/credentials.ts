import { TandemError } from "../../protocol/errors.ts";
import { BEARER_PREFIX, RESUME_PREFIX, SIGNALING_PROTOCOL } from "../../protocol/version.ts";
import { type Failure, failureOf } from "./failure.ts";

/** A join token, or where to get one. */
export type TokenSource = string | (() => Promise<string>);

/** What the next attempt shows to be let in: the resume token while there is one, else a join token. */
export interface Credentials {
  /** The join token; rejects with what the application's function throws. */
  token(): Promise<string>;
  /** Subprotocols for the next attempt; rejects with a {@link Failure}. */
  protocols(): Promise<readonly string[]>;
  /** Whether the next attempt resumes. */
  readonly resuming: boolean;
  /** The room has let us in and gave us this to come back with; join tokens are asked for anew from now on. */
  admitted(resume: string): void;
  /** The room wants nothing of what was shown last. */
  refused(): void;
}

/** Whatever went wrong in getting a token: the application's own errors may pass with time, ours say it themselves. */
const tokenFailure = (error: unknown): Failure =>
  error instanceof TandemError
    ? failureOf(error.code, error.detail)
    : { ...failureOf("unreachable"), detail: `token(): ${error instanceof Error ? error.message : error}` };

/** Keep the credentials of one participant. */
export function createCredentials(source: TokenSource): Credentials {
  let resume: string | undefined;
  let join: Promise<string> | undefined;

  const token = (): Promise<string> => {
    // Async, so that what a function throws is a rejection too.
    join ??= (async () => (typeof source === "string" ? source : source()))().catch(error => {
      join = undefined;
      throw error;
    });
    return join;
  };
  return {
    token,
    async protocols() {
      if (resume) return [SIGNALING_PROTOCOL, RESUME_PREFIX + resume];
      try {
        return [SIGNALING_PROTOCOL, BEARER_PREFIX + (await token())];
      } catch (error) {
        throw tokenFailure(error);
      }
    },
    get resuming() {
      return resume !== undefined;
    },
    admitted(token) {
      resume = token;
      join = undefined;
    },
    refused() {
      resume = undefined;
      join = undefined;
    },
  };
}
