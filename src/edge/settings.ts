/**
 * The deployment's variables, read and checked once. What each is for stands in wrangler.toml.
 * @module
 */
import * as v from "valibot";
import { TandemError } from "../protocol/errors.ts";
import { type Grants, HOST_GRANTS } from "../protocol/grants.ts";
import { IceServer } from "../protocol/model.ts";
import type { PublicConfig } from "../protocol/rest.ts";
import { EventPattern } from "../protocol/webhooks.ts";

/** The version that `GET /v1/config` and `GET /v1/health` report: that of package.json. */
export const VERSION = "0.1.0";

/** A receiver of events. */
export interface WebhookEndpoint {
  readonly url: string;
  readonly events: readonly string[];
}

export interface Settings {
  readonly webhooks: readonly WebhookEndpoint[];
  readonly access: PublicConfig["access"];
  readonly iceServers: readonly IceServer[];
  /** What nodes' TURN secrets are derived from: the current one, then those it replaces. None: no relays but `iceServers`. */
  readonly turnSecrets: readonly string[];
  /** What seals the passwords of trunks: the current one, then those it replaces. None: no telephones. */
  readonly telephonySecrets: readonly string[];
  /** Whether hosts by invitation, and everybody where anybody may enter, may call telephones. */
  readonly hostsDial: boolean;
  /** Frames a second that one connection may send, and how many at once. */
  readonly messageRate: number;
  readonly messageBurst: number;
  /** Milliseconds after which a room that needs no media node any more goes back to mesh. */
  readonly meshAfter: number;
  /** On one's own machine, where the runtime has no jurisdictions. */
  readonly local: boolean;
}

const Access = v.picklist(["token", "invite", "open"], "token, invite or open");
/** As people write it: `urls` may be one, as in `RTCIceServer`. */
const WrittenIceServer = v.pipe(
  v.object({ ...IceServer.entries, urls: v.union([v.string(), v.array(v.string())]) }),
  v.transform(({ urls, ...rest }): IceServer => ({ ...rest, urls: [urls].flat() })),
);
const list = "a JSON list of RTCIceServer objects";
const IceServers = v.pipe(v.string(), v.parseJson({}, list), v.array(WrittenIceServer, list));
const rate = "a number from 1 to 100000";
const Rate = v.pipe(v.string(), v.toNumber(rate), v.minValue(1, rate), v.maxValue(100_000, rate));

const seconds = "a number of seconds from 1 to 86400";
const Seconds = v.pipe(v.string(), v.toNumber(seconds), v.minValue(1, seconds), v.maxValue(86_400, seconds));

const webhooks = 'a JSON list of {"url": "https://…", "events": ["call.*", …]}, with http on one\'s own machine only';
const Webhooks = v.pipe(
  v.string(),
  v.parseJson({}, webhooks),
  v.array(
    v.object({
      url: v.pipe(v.string(), v.url(webhooks), v.maxLength(1_024)),
      events: v.optional(v.array(EventPattern), ["*"]),
    }),
    webhooks,
  ),
  v.maxLength(16, "at most 16 webhooks"),
);
/** Bodies tell who is where: they go encrypted, or to this very machine. */
const isProtected = ({ url }: WebhookEndpoint, local: boolean): boolean =>
  url.startsWith("https:") || (local && /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(url));

/** What is wrong goes to whoever asks, so it says what was expected and never what was there. */
function read<T extends v.GenericSchema>(name: string, schema: T, value: string | undefined, fallback: string) {
  const result = v.safeParse(schema, value || fallback);
  if (!result.success) throw new TandemError("bad-setting", `${name}: ${result.issues[0].message}`);
  return result.output;
}

/** Secrets shorter than this are refused: an HMAC is as strong as its key. */
const SECRET_CHARS = 32;

const secrets = `at most 8 secrets of ${SECRET_CHARS} characters or more, separated by commas`;
const Secrets = v.pipe(
  v.string(),
  v.transform(text => text.split(",").map(secret => secret.trim())),
  v.maxLength(8, secrets),
  v.everyItem(secret => secret.length >= SECRET_CHARS, secrets),
);

const known = new WeakMap<object, Settings>();

/**
 * The settings of `env`.
 * @throws TandemError `bad-setting`, naming the variable
 */
export function settingsOf(env: Cloudflare.Env): Settings {
  const before = known.get(env);
  if (before) return before;
  const local = env.LOCAL === "true";
  const settings: Settings = {
    webhooks: read("WEBHOOKS", Webhooks, env.WEBHOOKS, "[]"),
    access: read("ROOM_ACCESS", Access, env.ROOM_ACCESS, "token"),
    iceServers: read("ICE_SERVERS", IceServers, env.ICE_SERVERS, "[]"),
    turnSecrets: env.TURN_SECRET ? read("TURN_SECRET", Secrets, env.TURN_SECRET, "") : [],
    telephonySecrets: env.TELEPHONY_SECRET ? read("TELEPHONY_SECRET", Secrets, env.TELEPHONY_SECRET, "") : [],
    hostsDial: env.HOSTS_DIAL === "true",
    messageRate: read("MESSAGE_RATE", Rate, env.MESSAGE_RATE, "50"),
    messageBurst: read("MESSAGE_BURST", Rate, env.MESSAGE_BURST, "200"),
    meshAfter: read("MESH_AFTER", Seconds, env.MESH_AFTER, "30") * 1_000,
    local,
  };
  if (!settings.webhooks.every(endpoint => isProtected(endpoint, local))) {
    throw new TandemError("bad-setting", `WEBHOOKS: ${webhooks}`);
  }
  known.set(env, settings);
  return settings;
}

/** What a host of this deployment may do. */
export const hostGrants = (env: Cloudflare.Env): Grants =>
  settingsOf(env).hostsDial ? { ...HOST_GRANTS, dial: true } : HOST_GRANTS;

/**
 * A secret, which must be set and long enough.
 * @throws TandemError `missing-secret`, naming it
 */
export function secretOf(
  env: Cloudflare.Env,
  name: "API_KEYS" | "NODE_KEYS" | "RESUME_SECRET" | "OPERATOR_PASSWORD",
): string {
  const secret = env[name];
  if (!secret) throw new TandemError("missing-secret", name);
  if (name === "RESUME_SECRET" && secret.length < SECRET_CHARS) {
    throw new TandemError("bad-setting", `${name}: at least ${SECRET_CHARS} characters`);
  }
  return secret;
}
