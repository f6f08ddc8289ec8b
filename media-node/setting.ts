/**
 * What a setting is, and readers of their texts: the rows of the tables in `settings.ts`, `gateway/settings.ts` and `turn/settings.ts`.
 * @module
 */
import { isIP } from "node:net";

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

/** The parts of `MIN-MAX`; undefined where it is none. */
export function portsOf(value: string): { min: number; max: number } | undefined {
  const [, min = 0, max = 0] = /^(\d{1,5})-(\d{1,5})$/.exec(value)?.map(Number) ?? [];
  return min > 0 && min < max && max <= 65_535 ? { min, max } : undefined;
}
export const portRange = (value: string): string => {
  if (value !== "" && portsOf(value) === undefined) throw new Error("is a range of ports like 40000-40199");
  return value;
};

/** The parts of `ADDRESS:PORT` or `[ADDRESS]:PORT`; undefined where it is neither. */
export function endpointOf(value: string): { address: string; port: number } | undefined {
  const [, six, four, port] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(value) ?? [];
  const address = six ?? four ?? "";
  return isIP(address) !== 0 && Number(port) <= 65_535 ? { address, port: Number(port) } : undefined;
}
export const endpoint = (value: string): string => {
  if (value !== "" && endpointOf(value) === undefined) throw new Error("is ADDRESS:PORT, an IPv6 address in brackets");
  return value;
};

export const setting = <T>(of: Setting<T>): Setting<T> => of;
