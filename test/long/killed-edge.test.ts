import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { Signaling } from "../../src/client/core/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { freePort } from "../support/ports.ts";
import { connectSdk, whenRoom } from "../support/sdk-client.ts";
import { joinToken } from "../support/tokens.ts";

const KILLS = 20;
/** Messages each client sends between two kills, several under way when the kill comes. */
const MESSAGES = 20;

describe("an edge that is killed while it writes", () => {
  const cleanup = createCleanup();
  afterAll(cleanup.run);

  it(`loses nothing and doubles nothing over ${KILLS} kills, and both clients come back by themselves`, async () => {
    const persistTo = await mkdtemp(join(tmpdir(), "tandem-state-"));
    cleanup.add(() => rmSync(persistTo, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
    const port = await freePort();
    let edge: Edge = await startEdge({ port, persistTo });
    cleanup.add(() => edge.stop());

    const clients: Signaling[] = [];
    for (const who of ["left", "right"])
      clients.push(await connectSdk({ url: edge.url, token: await joinToken("kill", who) }));
    cleanup.add(() => Promise.all(clients.map(client => client.leave())));
    const heard = clients.map(client => {
      const texts: string[] = [];
      client.on("chat.message", ({ message }) => texts.push(message.text));
      return texts;
    });

    const sent: string[] = [];
    const resumes: number[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const replies = clients.flatMap((client, who) =>
        Array.from({ length: MESSAGES }, (_, n) => {
          const text = `${kill}/${who}/${n}`;
          sent.push(text);
          return client.command("chat.send", { text });
        }),
      );
      // Some are applied, some are under way.
      await replies[kill % MESSAGES];
      await edge.kill();
      edge = await startEdge({ port, persistTo });
      const up = performance.now();
      await Promise.all(clients.map(client => whenRoom(client, room => room.status === "connected")));
      await Promise.all(replies);
      resumes.push(performance.now() - up);
    }
    await Promise.all(clients.map(client => whenRoom(client, ({ chat }) => chat.at(-1) !== undefined)));
    const last = `${KILLS}/end`;
    sent.push(last);
    const ends = clients.map(client => whenRoom(client, ({ chat }) => chat.at(-1)?.text === last));
    await clients[0]?.command("chat.send", { text: last });
    await Promise.all(ends);

    for (const texts of heard) expect([...texts].sort()).toEqual([...sent].sort());
    expect(heard[0]).toEqual(heard[1]);
    const sorted = resumes.sort((a, b) => a - b);
    console.log(
      `killed ${KILLS} times; back after the edge was up again, p95: ${sorted[Math.floor(sorted.length * 0.95)]?.toFixed(0)} ms`,
    );
  });
});
