import { afterEach, expect, it } from "vitest";
import { createLog } from "../log.ts";
import { readSettings } from "../settings.ts";
import { STUN_ATTRIBUTE, STUN_ERROR } from "../stun/constants.ts";
import { turnConfigs } from "../turn/configure.ts";
import { createPool } from "./pool.ts";
import { ROOM } from "./testing/model-world.ts";
import { openUdpTurnClient } from "./testing/udp-turn-client.ts";

const LOOPBACK = "127.0.0.1";
const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

it("TURN of real workers: one quota for all, relays that reach each other's media, kicks in all of them", {
  timeout: 60_000,
}, async () => {
  const settings = readSettings(
    ["--turn", "media", "--user-quota", "2"],
    { TANDEM_USER: "alice:wonderland" },
    () => "{}",
  )!;
  const configs = turnConfigs(settings, {
    ...{ nonceSecret: "00".repeat(32), port: 0, tlsPort: 0 },
    node: { workers: 2, mediaAddresses: [LOOPBACK], relayAddresses: [LOOPBACK], announced: [] },
  });
  const pool = createPool({
    workers: [0, 1].map(worker => ({
      ...{ worker, listen: [LOOPBACK], announce: [], port: 0, iceTcp: true, maxBitrate: 1_000_000 },
      log: "error" as const,
    })),
    turn: { configs, urls: (port, tcp) => [`turn:${LOOPBACK}:${port}?transport=${tcp ? "tcp" : "udp"}`] },
    log: createLog("error"),
    report() {},
  });
  closing.push(pool.close);
  await pool.ready;
  const [first = 0, second = 0] = pool.ports();
  const { turn } = await pool.execute({ type: "room.open", id: 1, ...ROOM, participants: [] });
  expect([first, second].map(port => `turn:${LOOPBACK}:${port}?transport=tcp`)).toContain(turn?.[0]);

  const open = async (port: number) => {
    const client = await openUdpTurnClient(port);
    closing.push(client.close);
    return client;
  };
  const [here, there, more] = [await open(first), await open(second), await open(second)];
  expect((await here.allocate()).error).toBe(0);
  const relay = (await there.allocate()).address(STUN_ATTRIBUTE.xorRelayedAddress)!;
  // What a worker tells of itself comes behind what it has told the others.
  await expect.poll(() => pool.load().allocations, { timeout: 10_000 }).toBe(2);
  expect((await more.allocate()).error).toBe(STUN_ERROR.allocationQuotaReached);
  expect((await here.ask(client => client.bind(0x4000, `${LOOPBACK}:${second}`))).error).toBe(0);
  expect((await there.ask(client => client.bind(0x4000, `${LOOPBACK}:${first}`))).error).toBe(0);
  expect((await here.ask(client => client.bind(0x4001, relay))).error).toBe(0);
  expect((await here.ask(client => client.bind(0x4002, `${LOOPBACK}:9`))).error).toBe(STUN_ERROR.forbidden);

  pool.turn.revoke("alice", Date.now() / 1_000 + 600);
  await expect.poll(() => pool.load().allocations, { timeout: 10_000 }).toBe(0);
  for (const port of [first, second])
    expect((await (await open(port)).allocate()).error).toBe(STUN_ERROR.unauthenticated);
});
