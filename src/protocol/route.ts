/**
 * What a row of the tables of the REST API says.
 * @module
 */
import type * as v from "valibot";
import type { ErrorCode } from "./errors.ts";

/** One method of one path. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** OpenAPI style: `{room}`. */
  readonly path: string;
  readonly summary: string;
  /**
   * `api`: a token with `aud` `api`. `join`: a join token. `participant`: a join or resume token, or an API token. `none`: open
   * to anybody, rate-limited.
   */
  readonly auth: "api" | "join" | "participant" | "none";
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: v.GenericSchema;
  readonly status: number;
  readonly result?: v.GenericSchema;
  /** Errors of its own, besides those any request can meet. */
  readonly errors?: readonly ErrorCode[];
}
