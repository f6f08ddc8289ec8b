/**
 * Structured logs: one JSON line each. `info` is one line per lifecycle change; `debug` adds one `wake` line for every run
 * of a constructor, handler or alarm of a room, which is how tests know that an idle room runs nothing.
 * Secrets, tokens, names and identities never stand in a log: ids do.
 * @module
 */
const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
type Level = (typeof LEVELS)[number];

/** What a line carries beside its level and event. */
export type Fields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warn(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

/** A log that writes lines of `level` (default `info`) and above, each with `base`. */
export function createLog(level: string | undefined, base: Fields = {}): Log {
  const known = LEVELS.indexOf((level ?? "info") as Level);
  const threshold = known < 0 ? LEVELS.indexOf("info") : known;
  const write = (at: Exclude<Level, "silent">) => (event: string, fields?: Fields) => {
    if (LEVELS.indexOf(at) < threshold) return;
    console[at](JSON.stringify({ level: at, event, ...base, ...fields }));
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

/** What may be said of a thrown value in a log. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
