import { setTimeout as elapse } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signaling } from "../../src/client/core/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { connectSdk, whenRoom } from "../support/sdk-client.ts";
import { joinToken } from "../support/tokens.ts";

/** How long nobody says anything; pings go on every ten seconds. */
const IDLE = 60_000;

describe("an idle room with four participants", () => {
  const cleanup = createCleanup();
  let edge: Edge;

  beforeAll(async () => {
    edge = await startEdge({ vars: { LOG_LEVEL: "debug" } });
    cleanup.add(edge.stop);
  });
  afterAll(cleanup.run);

  /** What ran in the room object, by its own log at debug: constructors, handlers, alarms. */
  const wakes = (): string[] =>
    edge.log.filter(line => line.includes('"event":"wake"') && line.includes('"room":"idle"'));

  it(
    "runs no handler, alarm or constructor for a minute, and the next message runs the constructor",
    async () => {
      const clients: Signaling[] = [];
      for (const who of [0, 1, 2, 3]) {
        clients.push(await connectSdk({ url: edge.url, token: await joinToken("idle", `p${who}`) }));
      }
      const [first, second] = clients as [Signaling, Signaling];
      await Promise.all(clients.map(client => whenRoom(client, room => room.participants.length === 3)));
      expect(wakes().some(line => line.includes("constructor"))).toBe(true);

      // Coalesced work of the joins (the report to the directory) may still be due.
      await elapse(5_000);
      const before = wakes().length;
      await elapse(IDLE);
      expect(wakes().slice(before)).toEqual([]);
      for (const client of clients) expect(client.store.get().status).toBe("connected");

      const heard = whenRoom(second, room => room.chat.some(({ text }) => text === "awake?"));
      await first.command("chat.send", { text: "awake?" });
      await heard;
      const after = wakes().slice(before);
      expect(after.some(line => line.includes("constructor"))).toBe(true);
      await Promise.all(clients.map(client => client.leave()));
    },
    IDLE + 60_000,
  );
});
