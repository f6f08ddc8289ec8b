/** `/v1/rooms`: rooms and who is in them, for back ends. @module */
import { Hono } from "hono";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { CreateHls } from "../../protocol/hls.ts";
import { Jurisdiction, ParticipantId, RoomId } from "../../protocol/names.ts";
import { CreateRoom, type ParticipantList, type RoomList, UpdateRoom } from "../../protocol/rest.ts";
import { CreateRtp } from "../../protocol/rtp.ts";
import { unwrap } from "../reply.ts";
import type { RoomChanges } from "../rooms/moderation.ts";
import { directoryStubs, roomStub } from "../stubs.ts";
import { requireApiToken } from "./auth.ts";
import { bodyOf, type HttpEnv, queryOf, roomOf } from "./http.ts";

const ListQuery = v.object({
  jurisdiction: v.optional(Jurisdiction),
  after: v.optional(RoomId),
  limit: v.optional(v.pipe(v.string(), v.toNumber(), v.integer(), v.minValue(1), v.maxValue(100)), "50"),
});

/** `T` with its undefined properties left out: absent and undefined differ in a delta. */
const present = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };

export const rooms = new Hono<HttpEnv>();
rooms.use(requireApiToken);

rooms.post("/", async c => {
  const { name, jurisdiction, region, ...settings } = await bodyOf(c, CreateRoom);
  const id = jurisdiction ? `${jurisdiction}.${name}` : name;
  const stub = roomStub(c.env, id, region);
  return c.json(unwrap(await stub.create({ ...settings, metadata: settings.metadata, region })), 201);
});

rooms.get("/", async c => {
  const { jurisdiction, after = "", limit } = queryOf(c, ListQuery);
  // Each shard is in order, so the first `limit` of all are among the first `limit` of each.
  const shards = await Promise.all(directoryStubs(c.env, jurisdiction).map(stub => stub.list(after, limit + 1)));
  const entries = shards.flat().sort((a, b) => (a.id < b.id ? -1 : 1));
  const list: RoomList = {
    rooms: entries.slice(0, limit),
    next: entries.length > limit ? (entries[limit - 1]?.id ?? null) : null,
  };
  return c.json(list);
});

rooms.get("/:room", async c => c.json(unwrap(await roomStub(c.env, roomOf(c)).detail())));

rooms.patch("/:room", async c => {
  const room = roomOf(c);
  const changes: RoomChanges = present(await bodyOf(c, UpdateRoom));
  return c.json(unwrap(await roomStub(c.env, room).update(changes)));
});

rooms.delete("/:room", async c => {
  unwrap(await roomStub(c.env, roomOf(c)).close());
  return c.body(null, 204);
});

rooms.get("/:room/participants", async c => {
  const list: ParticipantList = { participants: unwrap(await roomStub(c.env, roomOf(c)).participants()) };
  return c.json(list);
});

rooms.delete("/:room/participants/:pid", async c => {
  const room = roomOf(c);
  const pid = c.req.param("pid");
  if (!v.is(ParticipantId, pid)) throw new TandemError("no-such-participant");
  unwrap(await roomStub(c.env, room).remove(pid));
  return c.body(null, 204);
});

rooms.post("/:room/rtp", async c => {
  const room = roomOf(c);
  const stub = roomStub(c.env, room);
  // A missing room is missing whatever the body says.
  unwrap(await stub.detail());
  return c.json(unwrap(await stub.openRtp(await bodyOf(c, CreateRtp))), 201);
});

rooms.delete("/:room/rtp/:pid", async c => {
  unwrap(await roomStub(c.env, roomOf(c)).endRtp(c.req.param("pid")));
  return c.body(null, 204);
});

rooms.post("/:room/hls", async c => {
  const room = roomOf(c);
  const stub = roomStub(c.env, room);
  // As above.
  unwrap(await stub.detail());
  const { pid, playlist } = unwrap(await stub.openHls(await bodyOf(c, CreateHls)));
  // Where the edge serves it, it does so under the name by which it was asked.
  return c.json({ pid, playlist: playlist.startsWith("/") ? new URL(playlist, c.req.url).href : playlist }, 201);
});

rooms.delete("/:room/hls/:pid", async c => {
  unwrap(await roomStub(c.env, roomOf(c)).endHls(c.req.param("pid")));
  return c.body(null, 204);
});
