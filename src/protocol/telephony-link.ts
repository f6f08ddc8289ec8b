/**
 * Telephones on the link. The node speaks SIP; the edge keeps trunks, rules and PINs and says what becomes of a call. A node says
 * the feature `sip` in its hello to be given trunks, and after its inventory the calls that it has.
 *
 * A call that came in is in the hands of the edge: `call.incoming` is answered with `call.join`, `call.prompt` or `call.reject`
 * within two seconds; after five the node refuses it with 503. A call that is in a room is a participant there: its source and
 * grants come by `participant.put` as anybody's, `participant.remove` hangs it up, and an inventory's `sessions` name it.
 * @module
 */
import * as v from "valibot";
import { LifeId, open, ParticipantId, RoomId } from "./names.ts";
import { Epoch } from "./session.ts";
import {
  AddressRange,
  CallCause,
  CallId,
  DtmfDigits,
  PhoneNumber,
  SipCredentials,
  SipHost,
  TRANSFER_POLICIES,
  TrunkId,
} from "./telephony.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
/** As the other end writes it: anything printable. */
const written = v.pipe(v.string(), v.maxLength(128));
/** Value of a Replaces field (RFC 3891 §6.1). */
const replaces = v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/), v.maxLength(1_024));
const where = { room: RoomId, life: LifeId, epoch: Epoch };

/** Feature of a node that speaks SIP. */
export const SIP_FEATURE = "sip";

/** A trunk as a node is given it. Passwords are never to be stored. */
export const NodeTrunk = v.object({
  trunk: TrunkId,
  /** Grows each time a trunk is given to a node; the newest counts. */
  lease: count,
  /** Left out where the telephone registers here. */
  host: v.optional(SipHost),
  port: v.optional(count),
  transport: v.picklist(["udp", "tcp", "tls"]),
  registration: v.optional(open(["none", "outbound", "inbound"])),
  credentials: v.optional(v.object({ ...SipCredentials.entries, realm: v.optional(v.string()) })),
  accept: v.object({ addresses: v.array(AddressRange), credentials: v.optional(SipCredentials) }),
  srtp: v.picklist(["off", "optional", "required", "dtls"]),
  /** Whether its telephones may be seen, and see; left out: no. */
  video: v.optional(v.boolean()),
  /** What its telephones may ask for by REFER; left out: nothing. */
  transfer: v.optional(v.picklist(TRANSFER_POLICIES)),
  callerId: v.optional(PhoneNumber),
  maxCalls: count,
  callsPerSecond: count,
});
export type NodeTrunk = v.InferOutput<typeof NodeTrunk>;

/**
 * What a caller may be told. `pin`: enter it, and #. The call ends after `locked`; why it is hung up a node says by itself. `alone`:
 * it is in, and nobody else is. Nodes that don't know one say `welcome`.
 */
export const CALL_PROMPTS = ["pin", "wrong-pin", "locked", "welcome", "alone"] as const;
export type CallPrompt = (typeof CALL_PROMPTS)[number];

/** Node → edge. */
export const CALL_FRAMES = {
  /** What has become of a trunk that the node was given. */
  "trunk.state": v.object({
    type: v.literal("trunk.state"),
    trunk: TrunkId,
    lease: count,
    state: open(["idle", "registering", "registered", "failed"]),
    reason: v.optional(written),
  }),
  /** Somebody calls by a trunk, and was let through by its `accept`. `from` is empty for who hides it. */
  "call.incoming": v.object({
    type: v.literal("call.incoming"),
    call: CallId,
    trunk: TrunkId,
    from: written,
    to: written,
    /** As the caller calls itself. */
    name: v.optional(written),
    /** The call of the same trunk whose place it is to take (RFC 3891). */
    replaces: v.optional(CallId),
  }),
  /** What was entered after a prompt that asks for digits: up to #, as many as were asked for, or what there was in time. */
  "call.digits": v.object({
    type: v.literal("call.digits"),
    call: CallId,
    digits: v.pipe(v.string(), v.regex(/^[0-9*#A-D]{0,64}$/)),
  }),
  "call.state": v.object({
    type: v.literal("call.state"),
    call: CallId,
    state: open(["ringing", "answered", "held", "resumed", "ended"]),
    cause: v.optional(CallCause),
  }),
  /** The call is a participant, and its telephone shows something from now on, or no longer. */
  "call.video": v.object({ type: v.literal("call.video"), call: CallId, on: v.boolean() }),
  /**
   * The telephone asks that this number be called in its place (REFER, RFC 3515), as its trunk's `transfer` lets it. Answered with
   * `call.start`, or `call.transfer-refused`, within ten seconds.
   */
  "call.transfer-wanted": v.object({
    type: v.literal("call.transfer-wanted"),
    call: CallId,
    to: PhoneNumber,
    /** The other end's call that the new one takes the place of, for `call.start`. */
    replaces: v.optional(replaces),
  }),
  /** What a telephone says of a `call.transfer`: how it goes, then how it ended. */
  "call.transfer-state": v.object({ type: v.literal("call.transfer-state"), call: CallId, cause: CallCause }),
  /** After an inventory: the calls that the node has. The edge takes the others for ended, and hangs up those it doesn't know. */
  calls: v.object({ type: v.literal("calls"), calls: v.pipe(v.array(CallId), v.maxLength(2_000)) }),
} as const;

/** Edge → node. */
export const CALL_COMMANDS = {
  /** Hold this trunk now, as it is written here. */
  "trunk.put": v.object({ type: v.literal("trunk.put"), id, trunk: NodeTrunk }),
  /** Let go of a trunk. Its calls go on. */
  "trunk.remove": v.object({ type: v.literal("trunk.remove"), id, trunk: TrunkId }),
  /** Call a telephone, for a participant of a room that this node carries. Done as soon as the call is under way. */
  "call.start": v.object({
    type: v.literal("call.start"),
    id,
    call: CallId,
    trunk: TrunkId,
    to: PhoneNumber,
    from: v.optional(PhoneNumber),
    /** The call whose telephone asked for it: it is told how this one goes, and leaves when it is answered. */
    referrer: v.optional(CallId),
    replaces: v.optional(replaces),
    ...where,
    pid: ParticipantId,
  }),
  /** Answer a call that came in, if it isn't yet, and let it be that participant. */
  "call.join": v.object({ type: v.literal("call.join"), id, call: CallId, ...where, pid: ParticipantId }),
  /** Answer a call that came in, if it isn't yet, play something, and collect up to so many digits if any. */
  "call.prompt": v.object({
    type: v.literal("call.prompt"),
    id,
    call: CallId,
    prompt: open(CALL_PROMPTS),
    digits: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64))),
  }),
  /** Refuse a call that came in and wasn't answered. */
  "call.reject": v.object({
    type: v.literal("call.reject"),
    id,
    call: CallId,
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(699)),
    reason: v.pipe(v.string(), v.maxLength(64)),
  }),
  "call.hangup": v.object({ type: v.literal("call.hangup"), id, call: CallId, cause: v.optional(CallCause) }),
  "call.hold": v.object({ type: v.literal("call.hold"), id, call: CallId, held: v.boolean() }),
  "call.dtmf": v.object({ type: v.literal("call.dtmf"), id, call: CallId, digits: DtmfDigits }),
  /** Ask its telephone to call a number behind the trunk, or the telephone of another call of the trunk, in place of that call. */
  "call.transfer": v.object({
    type: v.literal("call.transfer"),
    id,
    call: CallId,
    to: v.optional(PhoneNumber),
    other: v.optional(CallId),
  }),
  /** No call comes of what its telephone asked for: the status that says why. */
  "call.transfer-refused": v.object({
    type: v.literal("call.transfer-refused"),
    id,
    call: CallId,
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(699)),
  }),
} as const;
