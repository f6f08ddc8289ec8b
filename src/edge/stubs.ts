/**
 * The one place that makes stubs of objects, since a jurisdiction is part of an object's address.
 * @module
 */
import { type Jurisdiction, type Region, splitRoomId } from "../protocol/names.ts";
import type { Directory } from "./directory/directory.ts";
import type { Fleet } from "./nodes/fleet.ts";
import type { MediaNode } from "./nodes/media-node.ts";
import type { Room } from "./rooms/room.ts";
import { settingsOf } from "./settings.ts";
import type { Telephony } from "./telephony/telephony.ts";
import type { Webhooks } from "./webhooks/webhooks.ts";

/** Directory objects per jurisdiction. A constant of the deployment: changing it would lose sight of rooms. */
export const DIRECTORY_SHARDS = 8;

/**
 * Local workerd throws on every `jurisdiction()` (2026-11), so with the LOCAL setting the object's name carries it.
 * Anywhere else that failure passes through: data must never fall back to a place it was not meant for.
 */
function stubOf<T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  env: Cloudflare.Env,
  jurisdiction: Jurisdiction | undefined,
  name: string,
  options?: DurableObjectNamespaceGetDurableObjectOptions,
): DurableObjectStub<T> {
  if (!jurisdiction) return namespace.getByName(name, options);
  if (settingsOf(env).local) return namespace.getByName(`${jurisdiction}.${name}`, options);
  return namespace.jurisdiction(jurisdiction).getByName(name, options);
}

/** The room object of a valid room id. `region` is a hint that counts when the object is first made. */
export function roomStub(env: Cloudflare.Env, id: string, region?: Region): DurableObjectStub<Room> {
  const { jurisdiction, name } = splitRoomId(id);
  return stubOf(env.ROOM, env, jurisdiction, name, region && { locationHint: region });
}

/** The room id that belongs to an object's own id. */
export const roomIdOf = (id: DurableObjectId): string =>
  id.jurisdiction ? `${id.jurisdiction}.${id.name ?? ""}` : (id.name ?? "");

/** FNV-1a over the room's name. */
function shardOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return (hash >>> 0) % DIRECTORY_SHARDS;
}

/** Who delivers events, in the jurisdiction of a room if they are of one. */
export function webhooksStub(env: Cloudflare.Env, roomId: string | undefined): DurableObjectStub<Webhooks> {
  const { jurisdiction } = roomId === undefined ? {} : splitRoomId(roomId);
  return stubOf(env.DELIVERIES, env, jurisdiction, "webhooks");
}

/** The directory shard that lists a room. */
export function directoryStub(env: Cloudflare.Env, roomId: string): DurableObjectStub<Directory> {
  const { jurisdiction, name } = splitRoomId(roomId);
  return stubOf(env.DIRECTORY, env, jurisdiction, `shard-${shardOf(name)}`);
}

/** All shards of a jurisdiction. */
export const directoryStubs = (env: Cloudflare.Env, jurisdiction: Jurisdiction | undefined) =>
  Array.from({ length: DIRECTORY_SHARDS }, (_, shard) => stubOf(env.DIRECTORY, env, jurisdiction, `shard-${shard}`));

/** The object of a media node. Nodes carry media of every jurisdiction, and their objects no data of people. */
export const nodeStub = (env: Cloudflare.Env, id: string): DurableObjectStub<MediaNode> => env.MEDIA_NODE.getByName(id);

/** The fleet. */
export const fleetStub = (env: Cloudflare.Env): DurableObjectStub<Fleet> => env.FLEET.getByName("fleet");

/** Telephony. */
export const telephonyStub = (env: Cloudflare.Env): DurableObjectStub<Telephony> =>
  env.TELEPHONY.getByName("telephony");
