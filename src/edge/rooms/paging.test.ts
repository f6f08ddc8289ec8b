import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { join, resume, uniqueRoom } from "../testing/client.ts";
import { stubOf } from "../testing/time.ts";
import { byteLength } from "./pages.ts";

describe("a snapshot of 300 participants", () => {
  it("comes in pages, each within a frame, before any live event", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    // As large as a participant may be, straight into the tables: 300 joins would tell each other of each other first.
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      for (let number = 2; number <= 300; number++) {
        storage.sql.exec(
          `INSERT INTO participants (pid, number, identity, kind, grants, joined_at, name, state, metadata, attributes)
           VALUES (?, ?, ?, 'client', '{}', 0, ?, 'here', ?, '{}')`,
          `p_seeded-${number}`,
          number,
          `seeded-${number}`,
          "ü".repeat(80),
          "m".repeat(LIMITS.profileBytes),
        );
      }
      storage.sql.exec("UPDATE record SET max_participants = 1000");
      storage.sql.exec("UPDATE life SET next_number = 301");
    });
    await evictDurableObject(stubOf(room));
    const late = await join(room, "late");
    expect(late.welcome.you.number).toBe(301);
    expect(late.snapshot.participants.map(participant => participant.number)).toEqual(
      Array.from({ length: 300 }, (_, i) => i + 1),
    );
    const pages = late.frames.filter(frame => frame.type === "snapshot");
    expect(pages.length).toBeGreaterThan(4);
    for (const page of pages) expect(byteLength(JSON.stringify(page))).toBeLessThanOrEqual(LIMITS.edgeFrameBytes);
    expect(late.frames.map(frame => frame.type)).toEqual(["welcome", ...pages.map(() => "snapshot")]);

    for (let i = 0; i < 80; i++) await late.ask("chat.send", { text: `${i}${"x".repeat(4_000)}` });
    const back = await resume(ada);
    expect(back.replay?.filter(event => event.type === "chat.message")).toHaveLength(80);
    expect(back.frames.filter(frame => frame.type === "replay").length).toBeGreaterThan(1);
  });
});
