/**
 * Telephones: trunks by which calls come and go, dispatch rules that say which room a call is for, and calls.
 * @module
 */
import * as v from "valibot";
import { Timestamp } from "./model.ts";
import { DisplayName, open, ParticipantId, RoomId } from "./names.ts";

const text = (limit: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(limit));
const count = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));

/** Chosen by who makes it. */
export const TrunkId = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "a-z, 0-9 and -, 1 to 64 long"));
export const DispatchRuleId = v.pipe(v.string(), v.regex(/^r_[A-Za-z0-9_-]{8,32}$/));
/** Made by the node for calls that come in, by the edge for those that go out; never used twice. */
export const CallId = v.pipe(v.string(), v.regex(/^c_[A-Za-z0-9_-]{8,32}$/));

/** What stands before the @ of a SIP address: a telephone number, mostly. Nothing that would need escaping there. */
export const PhoneNumber = v.pipe(v.string(), v.regex(/^\+?[A-Za-z0-9._*#-]{1,64}$/, "a number, without spaces"));
/** A number, or with `*` at its end everything that begins so. */
export const NumberPattern = v.pipe(
  v.string(),
  v.regex(/^(\+?[A-Za-z0-9._*#-]{1,64}|\+?\*)$/, "a number, or the beginning of one and *"),
);
const patterns = v.pipe(v.array(NumberPattern), v.maxLength(256));

/** Whether `number` fits one of `list`. */
export const fitsNumber = (number: string, list: readonly string[]): boolean =>
  list.some(pattern => (pattern.endsWith("*") ? number.startsWith(pattern.slice(0, -1)) : number === pattern));

/** Keys of a telephone, as RFC 4733 §3.2 counts them. */
export const DtmfDigits = v.pipe(v.string(), v.regex(/^[0-9*#A-D]{1,64}$/, "1 to 64 of 0-9, *, # and A-D"));
/** What a caller enters before it may join. */
export const Pin = v.pipe(v.string(), v.regex(/^[0-9]{4,16}$/, "4 to 16 digits"));

/** A host name (of DNS, RFC 3263) or an IP address. */
export const SipHost = v.pipe(
  v.string(),
  v.regex(/^([a-zA-Z0-9]([a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?|\[[0-9a-fA-F:.]{2,45}\])$/, "a host name or an address"),
);
/** An address, or a range of them as `address/bits`. */
export const AddressRange = v.pipe(
  v.string(),
  v.check(range => {
    const [address = "", bits, more] = range.split("/");
    if (more !== undefined || !v.is(v.pipe(v.string(), v.ip()), address)) return false;
    const width = address.includes(":") ? 128 : 32;
    return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= width);
  }, "an address, or a range as address/bits"),
);

/** User name and password of a SIP digest (RFC 8760). */
export const SipCredentials = v.object({ username: text(128), password: text(256) });
export type SipCredentials = v.InferOutput<typeof SipCredentials>;

/** What telephones may ask for by REFER: nothing; a call to another number; that, and calls in place of others (RFC 3891). */
export const TRANSFER_POLICIES = ["off", "blind", "on"] as const;

const trunkEntries = {
  name: v.optional(DisplayName),
  /** Where calls go; left out where the telephone registers here. */
  host: v.optional(SipHost),
  /** Left out: what DNS or the transport says. */
  port: v.optional(count(65_535)),
  transport: v.optional(v.picklist(["udp", "tcp", "tls"]), "udp"),
  /** The only media node that may hold it: where the provider sends calls to one address. */
  node: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/))),
  /**
   * `outbound`: we register there by `credentials`, and are called by that registration. `inbound`: a telephone registers here by
   * `accept.credentials`, and is called where it then is.
   */
  registration: v.optional(v.picklist(["none", "outbound", "inbound"]), "none"),
  /** What we prove ourselves by to the other end. */
  credentials: v.optional(v.object({ ...SipCredentials.entries, realm: v.optional(text(128)) })),
  /** Who may call in: from these addresses, or by these credentials. Neither: nobody. */
  accept: v.optional(
    v.object({
      addresses: v.optional(v.pipe(v.array(AddressRange), v.maxLength(64)), []),
      credentials: v.optional(SipCredentials),
    }),
    {},
  ),
  /**
   * Whether media is encrypted: `optional` takes it where the other end offers it, `required` takes and offers nothing else, by keys
   * in signaling (SDES, RFC 4568); `dtls` likewise, but offers keys by DTLS (RFC 5763). Browsers' calls always have the latter.
   */
  srtp: v.optional(v.picklist(["off", "optional", "required", "dtls"]), "off"),
  /** Whether its telephones may be seen, and see who is in the room: room systems. Not by `dtls`. */
  video: v.optional(v.boolean(), false),
  /** Number that calls show where they name none. */
  callerId: v.optional(PhoneNumber),
  /** Numbers that may be called by it. None unless named: a trunk costs money. */
  allow: v.optional(patterns, []),
  /** Whether its telephones may have somebody else called in their place, and whether calls may take another's place. */
  transfer: v.optional(v.picklist(TRANSFER_POLICIES), "off"),
  /** Calls at a time, both ways, */
  maxCalls: v.optional(count(10_000), 10),
  /** and beginning in one second. */
  callsPerSecond: v.optional(count(100), 2),
};

const TrunkSettings = v.object({ id: TrunkId, ...trunkEntries });

/** `POST /v1/trunks` */
export const CreateTrunk = v.pipe(
  TrunkSettings,
  v.check(
    ({ registration, host }) => (registration === "inbound") === (host === undefined),
    "host: just where nobody registers here",
  ),
  v.check(
    ({ registration, credentials }) => registration !== "outbound" || credentials !== undefined,
    "credentials: to register by",
  ),
  v.check(
    ({ registration, accept }) => registration !== "inbound" || accept.credentials !== undefined,
    "accept.credentials: for who registers",
  ),
);
export type CreateTrunk = v.InferOutput<typeof CreateTrunk>;

/** `PATCH /v1/trunks/:trunk`: fields left out stay; null takes one away. */
export const UpdateTrunk = v.object({
  name: v.nullish(trunkEntries.name.wrapped),
  host: v.nullish(trunkEntries.host.wrapped),
  port: v.nullish(trunkEntries.port.wrapped),
  transport: v.optional(trunkEntries.transport.wrapped),
  node: v.nullish(trunkEntries.node.wrapped),
  registration: v.optional(trunkEntries.registration.wrapped),
  credentials: v.nullish(trunkEntries.credentials.wrapped),
  accept: v.optional(trunkEntries.accept.wrapped),
  srtp: v.optional(trunkEntries.srtp.wrapped),
  video: v.optional(trunkEntries.video.wrapped),
  callerId: v.nullish(trunkEntries.callerId.wrapped),
  allow: v.optional(trunkEntries.allow.wrapped),
  transfer: v.optional(trunkEntries.transfer.wrapped),
  maxCalls: v.optional(trunkEntries.maxCalls.wrapped),
  callsPerSecond: v.optional(trunkEntries.callsPerSecond.wrapped),
});
export type UpdateTrunk = v.InferOutput<typeof UpdateTrunk>;

/**
 * `idle`: a node holds it; `registering`: and has nobody who registers us yet; `registered`: we are, or the telephone is; `failed`: the
 * node says why not; `waiting`: no node that could hold it is there.
 */
export const TRUNK_STATES = ["waiting", "idle", "registering", "registered", "failed"] as const;

/** A trunk as it is told: passwords are never returned. */
export const Trunk = v.object({
  ...v.omit(TrunkSettings, [
    ...([
      "credentials",
      "accept",
      "transport",
      "registration",
      "srtp",
      "video",
      "allow",
      "transfer",
      "maxCalls",
      "callsPerSecond",
    ] as const),
  ]).entries,
  transport: v.string(),
  registration: v.optional(v.string()),
  credentials: v.optional(v.object({ username: v.string(), realm: v.optional(v.string()) })),
  accept: v.object({ addresses: v.array(v.string()), credentials: v.optional(v.object({ username: v.string() })) }),
  srtp: v.string(),
  /** Left out: no. */
  video: v.optional(v.boolean()),
  allow: v.array(v.string()),
  /** Left out: `off`. */
  transfer: v.optional(v.string()),
  maxCalls: v.number(),
  callsPerSecond: v.number(),
  state: open(TRUNK_STATES),
  /** Why it is as it is, where there is something to say. */
  reason: v.optional(v.string()),
  /** The media node that holds it; null while none does. */
  heldBy: v.nullable(v.string()),
  createdAt: Timestamp,
});
export type Trunk = v.InferOutput<typeof Trunk>;
export const TrunkList = v.object({ trunks: v.array(Trunk) });

const ruleEntries = {
  name: v.optional(DisplayName),
  /** Trunks that it is for; left out: all. */
  trunks: v.optional(v.pipe(v.array(TrunkId), v.minLength(1), v.maxLength(64))),
  /** Called numbers; left out: all. */
  numbers: v.optional(v.pipe(patterns, v.minLength(1))),
  /** Numbers that may call; left out: all, those that hide theirs too. */
  callers: v.optional(v.pipe(patterns, v.minLength(1))),
  /** The room that calls are for, */
  room: v.optional(RoomId),
  /** or what the names of rooms begin with, of which every caller has one. */
  roomPrefix: v.optional(v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "a-z, 0-9 and -, 1 to 32 long"))),
  /** Make the room if it is missing; those of a prefix always are. */
  create: v.optional(v.boolean(), false),
  /** Whether those in the room see the caller's number. */
  hideNumber: v.optional(v.boolean(), false),
};

/** `POST /v1/dispatch-rules` */
export const CreateDispatchRule = v.pipe(
  v.object({
    ...ruleEntries,
    /** To be entered first. Of several rules with PINs for one number the PIN chooses. */
    pin: v.optional(Pin),
  }),
  v.check(({ room, roomPrefix }) => (room === undefined) !== (roomPrefix === undefined), "either room or roomPrefix"),
);
export type CreateDispatchRule = v.InferOutput<typeof CreateDispatchRule>;

/** `PATCH /v1/dispatch-rules/:rule`: fields left out stay, the PIN too; null takes one away. */
export const UpdateDispatchRule = v.object({
  name: v.nullish(ruleEntries.name.wrapped),
  trunks: v.nullish(ruleEntries.trunks.wrapped),
  numbers: v.nullish(ruleEntries.numbers.wrapped),
  callers: v.nullish(ruleEntries.callers.wrapped),
  room: v.nullish(ruleEntries.room.wrapped),
  roomPrefix: v.nullish(ruleEntries.roomPrefix.wrapped),
  create: v.optional(ruleEntries.create.wrapped),
  hideNumber: v.optional(ruleEntries.hideNumber.wrapped),
  pin: v.nullish(Pin),
});
export type UpdateDispatchRule = v.InferOutput<typeof UpdateDispatchRule>;

/** A rule as it is told: a PIN is never returned. */
export const DispatchRule = v.object({
  id: DispatchRuleId,
  ...ruleEntries,
  create: v.boolean(),
  hideNumber: v.boolean(),
  hasPin: v.boolean(),
  createdAt: Timestamp,
});
export type DispatchRule = v.InferOutput<typeof DispatchRule>;
export const DispatchRuleList = v.object({ rules: v.array(DispatchRule) });

/** `POST /v1/calls`: call a telephone into a room. */
export const CreateCall = v.object({
  room: RoomId,
  trunk: TrunkId,
  to: PhoneNumber,
  /** The number that it shows; left out: the trunk's. */
  from: v.optional(PhoneNumber),
  /** What those in the room see instead of the number. */
  name: v.optional(DisplayName),
});
export type CreateCall = v.InferOutput<typeof CreateCall>;

/** Where a telephone is sent: to a number that its trunk may call, or to the telephone of another call of that trunk. */
export const CallTransfer = v.pipe(
  v.object({ to: v.optional(PhoneNumber), call: v.optional(CallId) }),
  v.check(({ to, call }) => (to === undefined) !== (call === undefined), "either to or call"),
);
export type CallTransfer = v.InferOutput<typeof CallTransfer>;

/** `PATCH /v1/calls/:call` */
export const UpdateCall = v.pipe(
  v.object({ held: v.optional(v.boolean()), dtmf: v.optional(DtmfDigits), transfer: v.optional(CallTransfer) }),
  v.check(wish => Object.values(wish).some(value => value !== undefined), "held, dtmf or transfer"),
);
export type UpdateCall = v.InferOutput<typeof UpdateCall>;

export const CALL_STATES = ["incoming", "pin", "joining", "dialing", "ringing", "active", "held", "ended"] as const;

/** Why something happened: in the words of SIP (RFC 3261 §21), of the telephone network (ITU-T Q.850), and ours. */
export const CallCause = v.object({
  sip: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(699))),
  q850: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(127))),
  /** A word that programs compare, such as `no-rule`, `busy` or `hangup`. */
  reason: text(64),
});
export type CallCause = v.InferOutput<typeof CallCause>;

/** A step in a call's life. */
export const CallEvent = v.object({
  at: Timestamp,
  /** A state, or what led to one: `wrong-pin`, `rule`. */
  event: v.string(),
  /** The rule, room or trunk limit that it is about. */
  detail: v.optional(v.string()),
  cause: v.optional(CallCause),
});
export type CallEvent = v.InferOutput<typeof CallEvent>;

export const Call = v.object({
  id: CallId,
  direction: v.picklist(["in", "out"]),
  trunk: v.string(),
  from: v.string(),
  to: v.string(),
  state: open(CALL_STATES),
  /** Where it is, once it is to be in a room. */
  room: v.optional(RoomId),
  pid: v.optional(ParticipantId),
  rule: v.optional(DispatchRuleId),
  node: v.string(),
  /** Why it ended. */
  cause: v.optional(CallCause),
  beganAt: Timestamp,
  answeredAt: v.optional(Timestamp),
  endedAt: v.optional(Timestamp),
  events: v.array(CallEvent),
});
export type Call = v.InferOutput<typeof Call>;

/** `GET /v1/calls?state=&before=&limit=`, the newest first. */
export const CallList = v.object({
  calls: v.array(Call),
  /** Pass as `before` for older ones; null on the last page. */
  next: v.nullable(CallId),
});
export type CallList = v.InferOutput<typeof CallList>;
