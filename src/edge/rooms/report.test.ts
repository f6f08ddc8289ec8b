import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Directory } from "../directory/directory.ts";
import { directoryStub } from "../stubs.ts";
import { askApi, join, uniqueRoom } from "../testing/client.ts";
import { advance, pass, stubOf } from "../testing/time.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const entryOf = async (room: string) =>
  (await directoryStub(env, room).list("", 10_000)).find(entry => entry.id === room);

describe("what the directory knows of a room", () => {
  it("follows who comes and goes, many changes in one report", async () => {
    const room = uniqueRoom();
    pass(0);
    const ada = await join(room, "ada");
    await join(room, "bob");
    expect(await entryOf(room)).toBeUndefined();
    await advance(room, 1_000);
    expect(await entryOf(room)).toMatchObject({ participants: 2 });
    await ada.ask("leave");
    await advance(room, 1_000);
    expect(await entryOf(room)).toMatchObject({ participants: 1 });
  });

  it("is told again when it could not be told", async () => {
    const room = uniqueRoom();
    pass(0);
    await join(room, "ada");
    vi.spyOn(Directory.prototype, "put").mockImplementation(() => {
      throw new Error("unavailable");
    });
    await advance(room, 1_000);
    expect(await entryOf(room)).toBeUndefined();
    vi.restoreAllMocks();
    await advance(room, 30_000);
    expect(await entryOf(room)).toMatchObject({ participants: 1 });
  });

  it("ends with the room, closed or expired", async () => {
    const closed = uniqueRoom();
    await join(closed, "ada");
    await advance(closed, 1_000);
    await askApi("DELETE", `/v1/rooms/${closed}`);
    expect(await entryOf(closed)).toBeUndefined();

    const expired = uniqueRoom();
    pass(0);
    await askApi("POST", "/v1/rooms", { name: expired });
    expect(await entryOf(expired)).toMatchObject({ participants: 0 });
    await advance(expired, 86_400_000);
    await advance(expired, 1_000);
    expect(await entryOf(expired)).toBeUndefined();
  });

  it("leaves nothing of a closed room once its tokens have run out", async () => {
    const room = uniqueRoom();
    pass(0);
    await join(room, "ada");
    await askApi("DELETE", `/v1/rooms/${room}`);
    await advance(room, 86_400_000);
    await advance(room, 1_000);
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'record'").toArray()).toEqual([]);
    });
  });
});
