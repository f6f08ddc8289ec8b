/**
 * Structured logs: one JSON line on standard error. At info one line per lifecycle change, never a secret or a token.
 * @module
 */
const LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LEVELS)[number];

type Write = (message: string, fields: Readonly<Record<string, unknown>>) => void;
export type Log = Readonly<Record<LogLevel, Write>>;

/** A log that writes lines of `level` and above, each with `base` fields. */
export function createLog(level: LogLevel, base: Readonly<Record<string, unknown>> = {}, write = writeLine): Log {
  const from = LEVELS.indexOf(level);
  const at = (index: number): Write =>
    index < from
      ? () => {}
      : (message, fields) =>
          write(JSON.stringify({ at: new Date().toISOString(), level: LEVELS[index], message, ...base, ...fields }));
  return { debug: at(0), info: at(1), warn: at(2), error: at(3) };
}

function writeLine(line: string): void {
  process.stderr.write(`${line}\n`);
}
