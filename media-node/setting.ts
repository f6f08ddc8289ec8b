/**
 * What a setting is, and readers of their texts: the rows of the tables in `settings.ts` and `turn/settings.ts`.
 * @module
 */
export interface Setting<T> {
  /** Shown in `--help` as the value's placeholder; absent for switches. */
  readonly value?: string;
  readonly help: string;
  /** Never on the command line, where other users of the machine can read it. */
  readonly secret?: true;
  readonly default: T;
  /** The value from its text; throws with a sentence that says what is allowed. */
  readonly read: (text: string) => T;
}

export const text = (value: string): string => value;
export const integer = (low: number, high: number) => (value: string) => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < low || number > high)
    throw new Error(`takes a whole number from ${low} to ${high}`);
  return number;
};
export const list = (value: string): readonly string[] =>
  value
    .split(",")
    .map(item => item.trim())
    .filter(item => item !== "");
export const boolean = (value: string): boolean => {
  if (value !== "true" && value !== "false") throw new Error("is true or false");
  return value === "true";
};
export const oneOf =
  <T extends string>(...allowed: readonly T[]) =>
  (value: string): T => {
    const found = allowed.find(item => item === value);
    if (found === undefined) throw new Error(`is one of ${allowed.join(", ")}`);
    return found;
  };

export const setting = <T>(of: Setting<T>): Setting<T> => of;
