/** Real worker processes on both runtimes, and a client that comes by the worker's own relay. */
import { fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type { LinkCommand } from "../../src/protocol/index.ts";
import { readSettings } from "../settings.ts";
import { STUN_ATTRIBUTE } from "../stun/constants.ts";
import { turnConfigs } from "../turn/configure.ts";
import type { FromWorker, ToWorker, WorkerConfig } from "./messages.ts";
import { createModelClient, type ModelClient } from "./testing/model-client.ts";
import { participantOf, pidOf, ROOM } from "./testing/model-world.ts";
import { openUdpTurnClient } from "./testing/udp-turn-client.ts";

const CHANNEL = 0x4000;
const LOOPBACK = "127.0.0.1";
const program = fileURLToPath(new URL("main.ts", import.meta.url));
const bun = fileURLToPath(new URL("../../node_modules/.bin/bun", import.meta.url));

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A worker that serves TURN on its media port alone, to user `alice` with password `wonderland`. */
async function start(runtime: "bun" | "node") {
  const config: WorkerConfig = {
    ...{ worker: 0, listen: [LOOPBACK], announce: [], port: 0, iceTcp: true, maxBitrate: 1_000_000 },
    ...{ log: "warn", turn: true },
  };
  const settings = readSettings(["--turn", "media"], { TANDEM_USER: "alice:wonderland" }, () => "{}")!;
  const [turnConfig] = turnConfigs(settings, {
    ...{ nonceSecret: "00".repeat(32), port: 0, tlsPort: 0 },
    node: { workers: 1, mediaAddresses: [LOOPBACK], relayAddresses: [LOOPBACK], announced: [] },
  });
  const child = fork(program, [JSON.stringify(config)], {
    execPath: runtime === "bun" ? bun : process.execPath,
    execArgv: runtime === "bun" ? [] : ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  closing.push(() => {
    if (child.connected) child.disconnect();
    return exit;
  });
  const send = (message: ToWorker): unknown => child.send(message);
  const ready = Promise.withResolvers<number>();
  const answers = new Map<number, (sdp: string | undefined) => void>();
  let counters: Readonly<Record<string, number>> = {};
  child.on("message", received => {
    const message = received as FromWorker;
    if (message.type === "ready") ready.resolve(message.port);
    else if (message.type === "status") ({ counters } = message);
    else if (message.type === "result") answers.get(message.id)?.(message.answer?.sdp);
  });
  send({ type: "turn.start", config: turnConfig! });
  let commands = 0;
  return {
    port: await ready.promise,
    count: (name: string): number => counters[name] ?? 0,
    execute(command: Record<string, unknown>): Promise<string | undefined> {
      const id = ++commands;
      send({ type: "command", id, command: { id, ...ROOM, ...command } as LinkCommand });
      return new Promise(resolve => answers.set(id, resolve));
    },
  };
}

type Worker = Awaited<ReturnType<typeof start>>;

/** A model client on a socket of its own, straight or by a channel of a relay. */
async function join(worker: Worker, number: number, isRelayed: boolean): Promise<ModelClient> {
  const client = await openUdpTurnClient(worker.port, bytes => {
    if (isRelayed) model.handle(bytes, performance.now());
  });
  closing.push(client.close);
  const socket = createSocket("udp4").bind(0, LOOPBACK);
  closing.push(() => socket.close());
  await once(socket, "listening");
  socket.on("message", bytes => model.handle(new Uint8Array(bytes), performance.now()));
  const model = createModelClient({
    address: `client ${number}`,
    send(bytes) {
      if (isRelayed) client.turn.channelData(CHANNEL, bytes);
      else socket.send(bytes, worker.port, LOOPBACK);
    },
  });
  if (isRelayed) {
    expect((await client.allocate()).address(STUN_ATTRIBUTE.xorRelayedAddress)).toMatch(/^127\.0\.0\.1:/);
    expect((await client.ask(turn => turn.bind(CHANNEL, `${LOOPBACK}:${worker.port}`))).error).toBe(0);
  }
  await worker.execute({ type: "participant.put", participant: participantOf(number) });
  const answer = await worker.execute({ type: "session.open", pid: pidOf(number), offer: model.offer() });
  model.accept(answer ?? "");
  const timer = setInterval(() => model.tick(performance.now()), 20);
  closing.push(() => clearInterval(timer));
  await expect.poll(() => model.connected, { timeout: 15_000 }).toBe(true);
  return model;
}

describe.each(["bun", "node"] as const)("a worker on %s", runtime => {
  it("takes a session's packets from its own relay and back without a socket", { timeout: 60_000 }, async () => {
    const worker = await start(runtime);
    await worker.execute({ type: "room.open", participants: [] });
    const relayed = await join(worker, 1, true);
    const direct = await join(worker, 2, false);
    let sequence = 0;
    const talk = setInterval(() => {
      relayed.sendAudio(sequence);
      direct.sendAudio(sequence++);
    }, 20);
    closing.push(() => clearInterval(talk));
    for (const client of [relayed, direct])
      await expect.poll(() => client.packets.length, { timeout: 15_000 }).toBeGreaterThan(30);
    await expect.poll(() => worker.count("turn.local.toRelays"), { timeout: 5_000 }).toBeGreaterThan(30);
    expect(worker.count("turn.local.toSessions")).toBeGreaterThan(30);
    expect(worker.count("turn.local.dropped")).toBe(0);
    expect(worker.count("turn.relay.sent")).toBe(0);
    expect(relayed.broken + direct.broken).toBe(0);
  });
});
