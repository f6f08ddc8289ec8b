import { afterEach, describe, expect, it } from "vitest";
import { createLog } from "../log.ts";
import { createPool, type PoolOptions } from "./pool.ts";
import { createModelClient } from "./testing/model-client.ts";
import { participantOf, pidOf, ROOM } from "./testing/model-world.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Real worker processes on free ports. */
async function start(workers: number) {
  const lines: { message: string; pid?: number }[] = [];
  const reports: Parameters<PoolOptions["report"]>[0][] = [];
  const pool = createPool({
    workers: Array.from({ length: workers }, (_, worker) => ({
      worker,
      listen: ["127.0.0.1"],
      announce: [],
      port: 0,
      iceTcp: true,
      maxBitrate: 1_000_000,
      log: "error" as const,
    })),
    log: createLog("info", {}, line => lines.push(JSON.parse(line))),
    report: frame => reports.push(frame),
  });
  closing.push(pool.close);
  await pool.ready;
  return { pool, lines, reports };
}

async function until(check: () => boolean): Promise<void> {
  for (const end = Date.now() + 30_000; !check(); ) {
    if (Date.now() > end) throw new Error(`never: ${check}`);
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

const command = { id: 1, ...ROOM };

describe("a pool of worker processes", () => {
  it("carries commands out and answers offers with an address that is reached", async () => {
    const { pool } = await start(1);
    await pool.execute({ type: "room.open", ...command, participants: [participantOf(1)] });
    const offer = createModelClient({ address: "", send() {} }).offer();
    const { answer } = await pool.execute({ type: "session.open", ...command, pid: pidOf(1), offer });
    expect(answer?.sdp).toMatch(/^a=candidate:1 1 udp \d+ 127\.0\.0\.1 \d+ typ host\r$/m);
    await until(() => pool.inventory()[0]?.sessions[0] === pidOf(1));
    expect(pool.counters()["session.opened"]).toBe(1);
    const broken = { sdp: "v=1" };
    await expect(
      pool.execute({ type: "session.open", ...command, pid: pidOf(1), offer: broken }),
    ).rejects.toMatchObject({
      code: "media-offer",
      detail: expect.stringMatching(/^line 1: /),
    });
    await pool.execute({ type: "room.close", ...command });
    await until(() => pool.load().sessions === 0);
  });

  it("loses only the rooms of a worker that was killed, and replaces it", async () => {
    const { pool, lines, reports } = await start(2);
    const listening = () => lines.filter(({ message }) => message === "media worker listens");
    const pids = listening().map(({ pid }) => pid!);
    const names = ["one", "two", "three", "four"];
    for (const room of names) await pool.execute({ type: "room.open", ...command, room, participants: [] });
    process.kill(pids[0]!, "SIGKILL");
    await until(() => listening().length === 3);
    const lost = reports.map(({ room }) => room);
    for (const room of names) {
      const probe = pool.execute({ type: "probe", ...command, room });
      if (lost.includes(room)) await expect(probe).rejects.toMatchObject({ code: "no-such-room" });
      else await probe;
    }
    process.kill(pids[1]!, "SIGKILL");
    await until(() => reports.length === names.length);
    expect(reports.map(({ type, room }) => `${type} ${room}`).sort()).toEqual(names.map(room => `lost ${room}`).sort());
    await until(() => listening().length === 4);
    await pool.execute({ type: "room.open", ...command, participants: [] });
  });
});
