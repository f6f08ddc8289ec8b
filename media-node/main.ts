/**
 * The media node's entry: read settings, start media workers, dial the edge. This process never touches a packet.
 * @module
 */
import { readFileSync } from "node:fs";
import { SIP_FEATURE, TandemError } from "../src/protocol/index.ts";
import { startAdmin } from "./admin/server.ts";
import { readRecordings } from "./gateway/leg/clips.ts";
import { linkProtocols, readNodeKey } from "./link/key.ts";
import { createLink } from "./link/link.ts";
import { realSurroundings } from "./link/surroundings.ts";
import { createLog } from "./log.ts";
import { botConfigs, rtmpConfigs } from "./node-doors.ts";
import { rtpConfigs } from "./node-rtp.ts";
import { openSip } from "./node-sip.ts";
import { configureTurn } from "./node-turn.ts";
import { readSettings, type Settings, usage } from "./settings.ts";
import { untilEmpty } from "./until-empty.ts";
import { createPool } from "./worker/pool.ts";

/** Share of its sessions or cores in use at which a node is full. */
const share = (used: number, all: number): number => Math.min(1, all === 0 ? 1 : used / all);

async function serve(settings: Settings): Promise<void> {
  const log = createLog(settings.log);
  const key = readNodeKey(settings.key);
  const id = settings.id === "" ? key.name : settings.id;
  const addresses = settings.announce.length > 0 ? settings.announce : settings.listen;
  const capacity = settings.capacity * settings.workers;
  let draining = false;
  const turn = await configureTurn(settings);
  const bots = botConfigs(settings, log);
  const rtmp = rtmpConfigs(settings, log);
  const rtp = rtpConfigs(settings);
  // What is wrong with them is to be known now, not when somebody calls.
  await readRecordings(settings.prompts);
  const hlsFolder = settings["hls-folder"];

  const configs = Array.from({ length: settings.workers }, (_, worker) => ({
    worker,
    listen: settings.listen,
    announce: settings.announce,
    port: settings["media-port"] === 0 ? 0 : settings["media-port"] + worker,
    iceTcp: settings["ice-tcp"],
    maxBitrate: settings["max-bitrate"] * 1_000,
    ...bots[worker],
    ...rtmp[worker],
    ...rtp[worker],
    ...(settings.prompts !== "" && { prompts: settings.prompts }),
    hls: { edge: settings.edge, ...(hlsFolder !== "" && { folder: { path: hlsFolder, url: settings["hls-url"] } }) },
    log: settings.log,
  }));
  const pool = createPool({ workers: configs, log, report: frame => link?.report(frame), ...(turn && { turn }) });
  await pool.ready;
  const sip = await openSip(settings, { legs: pool.legs, log, report: frame => link.report(frame) });

  const load = () => {
    const { cpu, workers, rooms, sessions } = pool.load();
    return { load: Math.max(share(cpu, workers), share(sessions, capacity)), rooms, sessions, draining };
  };
  const link = createLink({
    edge: settings.edge,
    protocols: () => linkProtocols(key, id),
    surroundings: realSurroundings,
    log,
    host: {
      hello: () => ({
        features: sip ? [SIP_FEATURE] : [],
        software: "tandem/0.1.0",
        region: settings.region,
        capacity,
        addresses: pool.ports().flatMap(port => addresses.map(address => ({ address, port }))),
        ...(turn && turn.shared.length > 0 && { turn: [{ urls: [...turn.shared] }] }),
        ...load(),
      }),
      load,
      inventory: pool.inventory,
      keep: pool.keep,
      execute: pool.execute,
      async obey(command) {
        if (command.type === "turn.revoke") pool.turn.revoke(command.identity, command.until);
        else if (sip) await sip.obey(command);
        else throw new TandemError("unknown-command", command.type);
      },
      ...(sip && { calls: sip.calls }),
      welcomed: ({ turn: armed }) => pool.turn.arm(armed?.secrets ?? []),
    },
  });
  const drain = (seconds?: number): Promise<void> => {
    draining = true;
    link.reportLoad();
    pool.turn.drain();
    return untilEmpty(() => {
      const { rooms, allocations } = pool.load();
      return rooms === 0 && allocations === 0;
    }, seconds);
  };
  const admin = await startAdmin(settings.admin, {
    healthy: () => link.connected,
    gauges: () => {
      const { cpu, allocations, connections, ...load } = pool.load();
      const states = { linked: Number(link.connected), draining: Number(draining) };
      return { cpu_cores: cpu, ...load, turn_allocations: allocations, turn_connections: connections, ...states };
    },
    counters: pool.counters,
    drain,
  });
  log.info("media node up", { id, edge: settings.edge, admin: admin.port, workers: settings.workers, sip: sip?.port });

  const stop = async (): Promise<void> => {
    link.close();
    // Its calls are hung up while their media still flows.
    await sip?.close();
    await Promise.all([admin.close(), pool.close()]);
    process.exit(0);
  };
  // Certificates are read again; media goes on.
  process.on("SIGHUP", pool.turn.reload);
  process.once("SIGINT", () => void stop());
  process.once("SIGTERM", () => {
    // Whoever asks twice means now.
    process.once("SIGTERM", () => void stop());
    void drain(settings["drain-timeout"]).then(stop);
  });
}

try {
  const settings = readSettings(process.argv.slice(2), process.env, path => readFileSync(path, "utf8"));
  if (!settings) process.stdout.write(usage());
  else if (settings.only === "turn") await (await import("./turn/serve.ts")).serveTurn(settings);
  else await serve(settings);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
