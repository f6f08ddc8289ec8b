/**
 * STUN and TURN servers for a participant: where the room's own node relays, that first; then the nodes nearest to it; then what
 * the deployment lists. Credentials are its own, and nothing is begun with them after ten minutes.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { IceServer } from "../../protocol/model.ts";
import { reasonOf } from "../log.ts";
import { fleetStub } from "../stubs.ts";
import { type RelayScope, relayCredential } from "../turn/credentials.ts";
import { nearest, type Place, placeOfRegion, type RelayNode } from "../turn/nearest.ts";
import type { Admission } from "./admission.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin, checkResume, ensureRecord } from "./entry.ts";
import type { RelayUser } from "./relays.ts";
import { allowsMesh } from "./topology.ts";

/** Nodes that one participant is given. */
const NODES = 2;
/**
 * How long the fleet's answer counts, so that a class that comes at once asks once; and how long it is waited for, in ms. (That
 * timer is gone with the question, so the room sleeps as before.)
 */
const FRESH = 5_000;
const PATIENCE = 1_000;

/** What a client hears of its servers. */
export interface ServerList {
  readonly iceServers: IceServer[];
  /** Milliseconds that their credentials last. */
  readonly iceServersTtl?: number;
}

/** Who asks for servers: with a token, or a back end for somebody. */
export type IceAsker = Admission | { readonly kind: "api"; readonly identity: string };

/** The nodes that relay now. Without an answer people join without relays, rather than not at all. */
async function fleet(room: RoomContext): Promise<readonly RelayNode[]> {
  const now = Date.now();
  if (room.settings.turnSecrets.length === 0) return [];
  if (!room.fleet || now - room.fleet.at >= FRESH || now < room.fleet.at) {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error("no answer")), PATIENCE);
    const nodes = Promise.race([fleetStub(room.env).relays(), late])
      .catch(error => {
        room.log.warn("fleet-unreachable", { reason: reasonOf(error) });
        room.fleet = undefined;
        return [];
      })
      .finally(() => clearTimeout(timer));
    room.fleet = { at: now, nodes };
  }
  return room.fleet.nodes;
}

/** The nodes that somebody at `place` should relay by; at those that it `knows` it may have relays. */
export async function relaysNear(
  room: RoomContext,
  place: Place | undefined,
  knows: readonly string[] = [],
): Promise<RelayNode[]> {
  return nearest(await fleet(room), place ?? placeOfRegion(room.record.get()?.region), knows, NODES);
}

/** In a mesh relays reach the others' browsers; with a node between, nothing but nodes. */
function scopeOf(room: RoomContext, { kind, direct }: ServerUser): RelayScope {
  const mesh = kind === "client" && direct && allowsMesh(room.record.get()?.topology ?? "auto");
  return mesh ? "any" : "media";
}

/** Whom servers are for. */
interface ServerUser extends RelayUser {
  readonly kind: string;
  /** Whether its grants allow a mesh. */
  readonly direct: boolean;
}

/** Make the list. Part of a turn: who was given what is remembered. */
export function serversFor(room: RoomContext, user: ServerUser, near: readonly RelayNode[], now: number): ServerList {
  const { turnSecrets, iceServers } = room.settings;
  const [secret] = turnSecrets;
  const assignment = room.assignment.get();
  const here = assignment && !assignment.lost && assignment.turn.length > 0 ? assignment : undefined;
  const others = near.filter(({ node }) => node !== here?.node);
  const nodes = [...(here ? [{ node: here.node, urls: here.turn }] : []), ...others].slice(0, NODES);
  if (secret === undefined || nodes.length === 0) return { iceServers: [...iceServers] };
  const isNew = room.relays.nodesOf(user).length === 0;
  const id = room.relays.idOf(user);
  const until = Math.ceil((now + TIMES.turnCredentials) / 1_000);
  const grant = { id, until, scope: scopeOf(room, user) };
  room.relays.note(
    user,
    id,
    nodes.map(({ node }) => node),
    until,
  );
  // A node knows its relays by this id alone: here an operator reads whose they are.
  if (isNew)
    room.log.info("relays-given", { pid: user.pid, relay: id, nodes: nodes.map(({ node }) => node).join(" ") });
  const relays = nodes.map(({ node, urls }) => ({ urls: [...urls], ...relayCredential(secret, node, grant) }));
  return { iceServers: [...relays, ...iceServers], iceServersTtl: TIMES.turnCredentials };
}

/** Servers with new credentials, for a participant that asks in the room. */
export async function renewServers(room: RoomContext, pid: string): Promise<ServerList> {
  const user = room.members.get(pid);
  const near = await relaysNear(room, undefined, user && room.relays.nodesOf(user));
  const member = room.members.get(pid);
  if (!member) throw new TandemError("no-such-participant");
  return room.turn(() => serversFor(room, member, near, Date.now()));
}

/** Whom the asker speaks for. Part of a turn. @throws TandemError if it may not */
function userOf(room: RoomContext, asker: IceAsker, now: number): ServerUser {
  if (asker.kind === "resume") return checkResume(room, asker.life, asker.pid);
  if (asker.kind === "api") {
    if (!room.record.get()) throw new TandemError("no-such-room");
    const { identity } = asker;
    return room.members.byIdentity(identity) ?? { pid: undefined, identity, kind: "client", direct: true };
  }
  const { sub: identity } = asker.claims;
  checkJoin(room, asker.claims, room.record.get(), now);
  // So that nobody keeps a relay that the room does not know of.
  ensureRecord(room, now);
  // Who never joins can't be removed either: until then its relays reach nothing but nodes. A mesh's come with the welcome.
  return room.members.byIdentity(identity) ?? { pid: undefined, identity, kind: "client", direct: false };
}

/**
 * Servers for whoever brings a token of this room, in it or about to join; a missing room is made as by joining.
 * @throws TandemError as on joining or resuming
 */
export async function serversByToken(
  room: RoomContext,
  asker: IceAsker,
  place: Place | undefined,
): Promise<ServerList> {
  const near = await relaysNear(room, place);
  const now = Date.now();
  return room.turn(() => serversFor(room, userOf(room, asker, now), near, now));
}
