import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { DIRECTORY_MIGRATIONS } from "../directory/directory.ts";
import { ROOM_V1 } from "../rooms/fixtures/v1.ts";
import { ROOM_MIGRATIONS } from "../rooms/schema.ts";
import { TELEPHONY_MIGRATIONS } from "../telephony/schema.ts";
import { TEST_BINDINGS } from "../testing/bindings.ts";
import { join, resume, uniqueRoom } from "../testing/client.ts";
import { stubOf } from "../testing/time.ts";
import { mintResumeToken } from "../tokens/resume.ts";
import { migrate } from "./migrate.ts";

/** A room whose database is `statements`, found by an object that has just started. */
async function roomWith(statements: string): Promise<string> {
  const room = uniqueRoom();
  await runInDurableObject(stubOf(room), (_, { storage }) => {
    storage.sql.exec(statements);
  });
  await evictDurableObject(stubOf(room));
  return room;
}

const versionsOf = (room: string) =>
  runInDurableObject(stubOf(room), (_, { storage }) =>
    storage.sql.exec<{ version: number }>("SELECT version FROM _schema ORDER BY version").toArray(),
  );

describe("a room's database", () => {
  it("of the first version opens with everybody and everything in it", async () => {
    const room = await roomWith(ROOM_V1);
    const late = await join(room, "late");
    expect(late.welcome).toMatchObject({
      seq: 5,
      you: { number: 3 },
      room: { life: "life-of-v1", metadata: "from v1", maxParticipants: 50 },
    });
    expect(late.snapshot.participants).toMatchObject([
      {
        pid: "p_first-of-v1",
        number: 1,
        identity: "ada",
        name: "Ada",
        state: "away",
        moderator: true,
        metadata: "m",
        attributes: { hand: "up" },
        sources: [{ number: 16, kind: "mic", name: "Headset", muted: true }],
      },
    ]);
    expect(late.snapshot.chat).toMatchObject([{ id: 1, text: "hello from v1" }]);
    expect((await versionsOf(room)).map(row => row.version)).toEqual(ROOM_MIGRATIONS.map((_, index) => index + 1));

    const seat = { room, life: "life-of-v1", pid: "p_first-of-v1" };
    const token = mintResumeToken(TEST_BINDINGS.RESUME_SECRET, seat, Date.now());
    const back = await resume(Object.assign(late, { welcome: { ...late.welcome, resume: token } }), 2);
    expect(back.welcome).toMatchObject({ resumed: true, you: { pid: "p_first-of-v1" } });
    expect(back.replay?.map(event => event.seq)).toEqual([3, 4, 5, 6]);
    back.lastId = 0;
    expect(await back.ask("chat.send", { text: "again" }), "an outcome of v1").toEqual({
      type: "ok",
      id: 1,
      result: { message: 1 },
    });
  });

  it("of a later version still serves this one, after a roll-back", async () => {
    const room = await roomWith(
      `${ROOM_V1}
       ${ROOM_MIGRATIONS.slice(1).join("")}
       INSERT INTO _schema (version, applied_at) VALUES (98, 0), (99, 0);
       ALTER TABLE participants ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
       ALTER TABLE record ADD COLUMN locked INTEGER NOT NULL DEFAULT 0;
       CREATE TABLE lobby (pid TEXT PRIMARY KEY);`,
    );
    const late = await join(room, "late");
    await late.ask("chat.send", { text: "works" });
    expect(late.snapshot.participants).toHaveLength(1);
    expect((await versionsOf(room)).at(-1)).toEqual({ version: 99 });
  });
});

describe("migrating", () => {
  it("applies what is missing, in order and once, or nothing at all", async () => {
    const steps = ["CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7"];
    await runInDurableObject(env.DIRECTORY.getByName(uniqueRoom()), (_, { storage }) => {
      migrate(storage, steps.slice(0, 1));
      storage.sql.exec("INSERT INTO a (x) VALUES (1)");
      expect(() => migrate(storage, [...steps, "NONSENSE"])).toThrow();
      expect(storage.sql.exec("SELECT * FROM a").toArray()).toEqual([{ x: 1 }]);
      migrate(storage, steps);
      migrate(storage, steps);
      expect(storage.sql.exec("SELECT * FROM a").toArray()).toEqual([{ x: 1, y: 7 }]);
    });
  });

  it.each([
    ["Room", ROOM_MIGRATIONS],
    ["Directory", DIRECTORY_MIGRATIONS],
    ["Telephony", TELEPHONY_MIGRATIONS],
  ])("of %s only ever adds", (_name, migrations) => {
    for (const sql of migrations) expect(sql).not.toMatch(/\b(DROP|RENAME|DELETE|UPDATE)\b/i);
  });
});
