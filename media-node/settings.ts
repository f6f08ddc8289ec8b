/**
 * Every setting of the media node: its name, default, unit and what it is for. A setting is read from the command line
 * (`--media-port 7000`), else the environment (`TANDEM_MEDIA_PORT`), else the settings file (`"media-port": 7000`), else
 * its default.
 * @module
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { GATEWAY_SETTINGS } from "./gateway/settings.ts";
import { boolean, integer, list, oneOf, type Setting, setting, text } from "./setting.ts";
import { TURN_SETTINGS } from "./turn/settings.ts";

const origin = (value: string): string => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:")
    throw new Error("is an origin like https://calls.example.com");
  return url.origin;
};
const nodeId = (value: string): string => {
  if (!/^([a-z0-9][a-z0-9-]{0,63})?$/.test(value)) throw new Error("is made of a-z, 0-9 and -, at most 64 of them");
  return value;
};
const NODE_SETTINGS = {
  only: setting({
    value: "PART",
    help: "turn: run a TURN server alone, without an edge; see docs/turn.md",
    default: "" as const,
    read: oneOf("", "turn"),
  }),
  edge: setting({
    value: "ORIGIN",
    help: "origin of the edge to dial",
    default: "http://127.0.0.1:8787",
    read: origin,
  }),
  key: setting({
    help: "this node's key, NAME:SECRET, as NODE_KEYS of the edge has it",
    secret: true,
    default: "",
    read: text,
  }),
  id: setting({ value: "ID", help: "this node's id: the key's name, or that and -SUFFIX", default: "", read: nodeId }),
  region: setting({
    value: "REGION",
    help: "where it stands, e.g. weur; rooms prefer nodes of theirs",
    default: "",
    read: text,
  }),
  listen: setting({
    value: "ADDRESSES",
    help: "local addresses for media, comma-separated",
    default: ["0.0.0.0"] as readonly string[],
    read: list,
  }),
  announce: setting({
    value: "ADDRESSES",
    help: "addresses that clients reach, where they differ (1:1 NAT); default: those it listens on",
    default: [] as readonly string[],
    read: list,
  }),
  "media-port": setting({
    value: "PORT",
    help: "UDP and TCP media port of the first worker; each further worker takes the next",
    default: 7000,
    read: integer(0, 65_000),
  }),
  "ice-tcp": setting({
    value: "BOOLEAN",
    help: "media by TCP, too, for networks that let no UDP out",
    default: true as boolean,
    read: boolean,
  }),
  workers: setting({
    value: "N",
    help: "media workers; default: one per core",
    default: availableParallelism(),
    read: integer(1, 256),
  }),
  capacity: setting({
    value: "N",
    help: "sessions per worker it means to carry",
    default: 500,
    read: integer(1, 100_000),
  }),
  "max-bitrate": setting({
    value: "KBIT/S",
    help: "ceiling of what one publisher is asked to send",
    default: 4_000,
    read: integer(64, 100_000),
  }),
  turn: setting({
    value: "WHERE",
    help: "on: STUN and TURN on the media ports, and for everybody on --listening-port; media: on the media ports alone; off",
    default: "on" as const,
    read: oneOf("on", "media", "off"),
  }),
  "drain-timeout": setting({
    value: "SECONDS",
    help: "at SIGTERM, how long calls and relays that run may go on while no new ones are taken; 0: it stops at once",
    default: 0,
    read: integer(0, 86_400),
  }),
  admin: setting({
    value: "PORT",
    help: "health, metrics and drain on 127.0.0.1; 0: a free port",
    default: 9090,
    read: integer(0, 65_535),
  }),
  log: setting({
    value: "LEVEL",
    help: "debug, info, warn or error",
    default: "info" as const,
    read: oneOf("debug", "info", "warn", "error"),
  }),
} as const;

const SETTINGS = { ...NODE_SETTINGS, ...GATEWAY_SETTINGS, ...TURN_SETTINGS } as const;

type Table = typeof SETTINGS;
/** All settings, read and checked. */
export type Settings = { readonly [K in keyof Table]: ReturnType<Table[K]["read"]> };

const names = Object.keys(SETTINGS) as (keyof Table)[];
const variable = (name: string): string => `TANDEM_${name.toUpperCase().replaceAll("-", "_")}`;

/** Width of what stands before the explanations of `--help`. */
const COLUMN = 28;

/** What `--help` prints. */
export function usage(): string {
  const rows = (table: object): string =>
    (Object.entries(table) as [string, Setting<unknown>][])
      .map(([name, { value, help, secret, default: fallback }]) => {
        const flag = secret ? variable(name) : `--${name}${value ? ` ${value}` : ""}`;
        const shown =
          typeof fallback === "object" && fallback !== null ? Object.values(fallback).join(",") : String(fallback);
        const begin = flag.length < COLUMN ? flag.padEnd(COLUMN) : `${flag}\n${" ".repeat(COLUMN + 2)}`;
        return `  ${begin} ${help}${shown === "" ? "" : ` (default ${shown})`}`;
      })
      .join("\n");
  return `usage: media-node/main.ts [options]

The media node of Tandem: dials the edge and carries the media of its rooms.

${rows(NODE_SETTINGS)}

Gateways, each off until it is set:
${rows(GATEWAY_SETTINGS)}

TURN and STUN:
${rows(TURN_SETTINGS)}

  ${"--settings FILE".padEnd(COLUMN)} JSON file with the same names
  ${"--help".padEnd(COLUMN)} this text

Every option may stand in the environment instead, e.g. ${variable("media-port")}; secrets only there or in the file.
`;
}

const fail = (where: string, why: string): never => {
  throw new Error(`${where} ${why}`);
};

function readFile(path: string, load: (path: string) => string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(load(path));
  } catch (error) {
    return fail(`--settings ${path}:`, error instanceof Error ? error.message : String(error));
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return fail(`--settings ${path}:`, "holds no JSON object");
  for (const name of Object.keys(parsed))
    if (!(name in SETTINGS)) fail(`--settings ${path}: "${name}"`, "is no setting; see --help");
  return parsed as Record<string, unknown>;
}

/** A value of the settings file as it would stand on the command line. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "object" && !Array.isArray(value) ? JSON.stringify(value) : String(value);
}

/**
 * Read the settings, or undefined where only help was asked for. Throws an error whose message names the setting and what it
 * takes.
 */
export function readSettings(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  load: (path: string) => string,
): Settings | undefined {
  const flags = names.filter(name => !(SETTINGS[name] as Setting<unknown>).secret);
  const { values } = parseArgs({
    args: [...argv],
    options: {
      help: { type: "boolean" },
      settings: { type: "string" },
      ...(Object.fromEntries(flags.map(name => [name, { type: "string" }])) as Record<string, { type: "string" }>),
    },
  });
  if (values.help) return undefined;
  const file = values.settings === undefined ? {} : readFile(String(values.settings), load);

  const result: Record<string, unknown> = {};
  for (const name of names) {
    const { read, default: fallback } = SETTINGS[name] as Setting<unknown>;
    const flag = (values as Record<string, string | boolean | undefined>)[name];
    const fromFile = file[name];
    const [where, given] =
      flag !== undefined
        ? [`--${name}`, String(flag)]
        : environment[variable(name)] !== undefined
          ? [variable(name), environment[variable(name)]]
          : [`"${name}" in the settings file`, textOf(fromFile)];
    if (given === undefined) {
      result[name] = fallback;
      continue;
    }
    try {
      result[name] = read(given);
    } catch (error) {
      fail(where, error instanceof Error ? error.message : String(error));
    }
  }
  return result as Settings;
}
