/**
 * `/v1/hls`: files of broadcasts. Media nodes write them, anybody reads them: a broadcast is public.
 * @module
 */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { RoomName } from "../../protocol/names.ts";
import { bearerOf, type HttpEnv, roomOf } from "../api/http.ts";
import { countFailures } from "../api/limits.ts";
import { secretOf } from "../settings.ts";
import { holderOf, keyOf } from "./bucket.ts";
import { verifyUploadToken } from "./upload-token.ts";

const PLAYLIST = "index.m3u8";
const TYPES: Readonly<Record<string, string>> = {
  m3u8: "application/vnd.apple.mpegurl",
  m4s: "video/iso.segment",
  mp4: "video/mp4",
};
/** Segments never change, and no two broadcasts have one of the same name. */
const FOREVER = "public, max-age=31536000, immutable";
const AT_ONCE = "public, max-age=1";

const File = v.pipe(v.string(), v.regex(/^(index\.m3u8|[A-Za-z0-9_-]{1,64}\.(m4s|mp4))$/));

interface Place {
  readonly bucket: R2Bucket;
  readonly room: string;
  readonly name: string;
  readonly file: string;
  readonly key: string;
}

/** @throws TandemError `not-found` where there is no bucket, or no such name */
function placeOf(c: Context<HttpEnv>): Place {
  const bucket = c.env.BROADCASTS;
  const room = roomOf(c);
  const { name, file } = c.req.param() as { name: string; file: string };
  if (!bucket || !v.is(RoomName, name) || !v.is(File, file)) throw new TandemError("not-found");
  return { bucket, room, name, file, key: keyOf(room, name, file) };
}

/** For who makes that broadcast now. @throws TandemError */
async function writablePlace(c: Context<HttpEnv>): Promise<Place> {
  const token = bearerOf(c.req.raw);
  if (token === undefined) throw new TandemError("token-missing");
  const place = placeOf(c);
  const { bucket, room, name } = place;
  const pid = await countFailures(c.env, c.req.raw, async () =>
    verifyUploadToken(secretOf(c.env, "RESUME_SECRET"), room, name, token, Date.now()),
  );
  if ((await holderOf(bucket, room, name)) !== pid) throw new TandemError("replaced");
  return place;
}

export const broadcasts = new Hono<HttpEnv>();

broadcasts.put("/:room/:name/:file", async c => {
  const { bucket, key, file } = await writablePlace(c);
  const length = Number(c.req.header("content-length") ?? Number.NaN);
  if (!(length <= LIMITS.hlsFileBytes)) throw new TandemError("too-large", `at most ${LIMITS.hlsFileBytes} bytes`);
  await bucket.put(key, c.req.raw.body ?? "", {
    httpMetadata: {
      contentType: TYPES[file.split(".")[1] ?? ""] ?? "",
      cacheControl: file === PLAYLIST ? AT_ONCE : FOREVER,
    },
  });
  return c.body(null, 204);
});

broadcasts.delete("/:room/:name/:file", async c => {
  const { bucket, key } = await writablePlace(c);
  await bucket.delete(key);
  return c.body(null, 204);
});

broadcasts.get("/:room/:name/:file", async c => {
  const { bucket, key } = placeOf(c);
  const { headers: asked } = c.req.raw;
  const found = await bucket.get(key, { onlyIf: asked, range: asked }).catch((error: unknown) => {
    if (asked.has("range")) return "unsatisfiable" as const;
    throw error;
  });
  if (found === "unsatisfiable") return c.body(null, 416);
  if (!found) throw new TandemError("not-found");
  const headers = new Headers({ etag: found.httpEtag, "accept-ranges": "bytes" });
  found.writeHttpMetadata(headers);
  if (!("body" in found)) return new Response(null, { status: asked.has("if-none-match") ? 304 : 412, headers });
  const { range, size } = found;
  if (!asked.has("range") || !range) return new Response(found.body, { headers });
  // The runtime sets all three, some of them to undefined (2026-12-01).
  const { suffix, offset, length: most = size } = range as { suffix?: number; offset?: number; length?: number };
  const from = suffix === undefined ? (offset ?? 0) : Math.max(0, size - suffix);
  const length = Math.min(most, size - from);
  headers.set("content-range", `bytes ${from}-${from + length - 1}/${size}`);
  return new Response(found.body, { status: 206, headers });
});
