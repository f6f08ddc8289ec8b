import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it } from "vitest";
import type { HlsCreated, HlsUpload } from "../../protocol/hls.ts";
import { ask, askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import { mintUploadToken } from "./upload-token.ts";

const fleet = createTestFleet("broadcasts");
afterEach(fleet.clear);

/** Begins a broadcast, and does what its media node does with the files. */
async function begin(room: string, name = "live") {
  const response = await askApi("POST", `/v1/rooms/${room}/hls`, { source: "ada", name });
  expect(response.status).toBe(201);
  const { pid }: HlsCreated = await response.json();
  const opened = node.commands.findLast(({ type }) => type === "hls.open") as unknown as Frame;
  const { path, token } = opened.order.upload as HlsUpload;
  const tell = (method: string, file: string, body?: string, bearer = token): Promise<Response> =>
    ask(`${path}/${file}`, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body !== undefined && { body }),
    });
  return { pid, path, token, tell };
}
let node: Awaited<ReturnType<typeof fleet.link>>;

async function setUp() {
  node = await fleet.link();
  const room = uniqueRoom();
  await join(room, "ada");
  return { room, ...(await begin(room)) };
}
const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;

describe("a broadcast in a bucket", () => {
  it("is written by its node and read by anybody, whole or in part, with types and how long it may be kept", async () => {
    const { room, path, tell } = await setUp();
    expect(path).toBe(`/v1/hls/${room}/live`);
    expect((await tell("PUT", "b-1.m4s", "0123456789")).status).toBe(204);
    expect((await tell("PUT", "index.m3u8", "#EXTM3U")).status).toBe(204);
    const playlist = await ask(`${path}/index.m3u8`);
    expect(await playlist.text()).toBe("#EXTM3U");
    expect(playlist.headers.get("content-type")).toBe("application/vnd.apple.mpegurl");
    expect(playlist.headers.get("cache-control")).toBe("public, max-age=1");
    expect(playlist.headers.get("access-control-allow-origin")).toBe("*");
    const segment = await ask(`${path}/b-1.m4s`, { headers: { range: "bytes=2-4" } });
    expect([segment.status, await segment.text()]).toEqual([206, "234"]);
    expect(segment.headers.get("content-range")).toBe("bytes 2-4/10");
    expect(segment.headers.get("cache-control")).toContain("immutable");
    const last = await ask(`${path}/b-1.m4s`, { headers: { range: "bytes=-2" } });
    expect([last.headers.get("content-range"), await last.text()]).toEqual(["bytes 8-9/10", "89"]);
    const etag = segment.headers.get("etag") ?? "";
    expect((await ask(`${path}/b-1.m4s`, { headers: { "if-none-match": etag } })).status).toBe(304);
    expect((await tell("DELETE", "b-1.m4s")).status).toBe(204);
    expect((await ask(`${path}/b-1.m4s`)).status).toBe(404);
  });

  it("is emptied for the next of its name, after which its node writes nothing there", async () => {
    const { room, path, tell } = await setUp();
    await tell("PUT", "old-1.m4s", "old");
    const next = await begin(room);
    expect((await ask(`${path}/old-1.m4s`)).status).toBe(404);
    const refused = await tell("PUT", "index.m3u8", "of yesterday");
    expect([refused.status, await codeOf(refused)]).toEqual([409, "replaced"]);
    expect((await next.tell("PUT", "index.m3u8", "of today")).status).toBe(204);
    const other = await begin(room, "other");
    expect((await other.tell("PUT", "index.m3u8", "other")).status).toBe(204);
    expect(await (await ask(`${path}/index.m3u8`)).text()).toBe("of today");
  });

  it("is written by nobody else: without a token, with another's, with one that has expired", async () => {
    const { room, pid, token, tell } = await setUp();
    const other = await setUp();
    expect(await codeOf(await tell("PUT", "index.m3u8", "x", ""))).toBe("token-missing");
    expect(await codeOf(await tell("PUT", "index.m3u8", "x", other.token))).toBe("token-invalid");
    expect(await codeOf(await tell("PUT", "index.m3u8", "x", `${token}x`))).toBe("token-invalid");
    const seat = { room, name: "live", pid };
    const expired = mintUploadToken(env.RESUME_SECRET ?? "", seat, Date.now() - 8 * 24 * 3_600_000);
    expect(await codeOf(await tell("DELETE", "index.m3u8", undefined, expired))).toBe("token-expired");
    expect(await codeOf(await ask(`/v1/hls/${room}/live/index.m3u8`))).toBe("not-found");
  });

  it("has files of its own names only", async () => {
    const { room, path, tell } = await setUp();
    for (const file of [".holder", "a.html", "..%2Fx.m4s", "index.m3u8.mp4", "a%00.m4s"]) {
      expect((await tell("PUT", file, "x")).status, file).toBe(404);
      expect((await ask(`${path}/${file}`)).status, file).toBe(404);
    }
    expect((await ask(`/v1/hls/${room}/UPPER/index.m3u8`)).status).toBe(404);
  });
});
