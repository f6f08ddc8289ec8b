import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { endpoint, relay } from "./relay.ts";

const ip = (...args: string[]): void => {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
};

/** A network namespace of the test's own, with loopback up. */
export interface Namespace {
  readonly name: string;
  exec(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess;
  /** Run `command` inside to its end; resolves with what it prints. */
  run(command: string, args: readonly string[]): Promise<string>;
  /** Path of a program that runs `command` inside. */
  wrap(command: string): string;
  ip(...args: string[]): void;
  /** Give hosts names: what is run inside from now on finds them by these. */
  hosts(addresses: Readonly<Record<string, readonly string[]>>): void;
  /** Load a ruleset of nftables. */
  nft(rules: string): void;
  /** Set a kernel parameter of it, e.g. `net/ipv4/ip_forward`. */
  sysctl(path: string, value: string | number): void;
  /**
   * Make `127.0.0.1:port` inside lead to `127.0.0.1:port` outside, by a Unix socket: pages there are on a secure context,
   * and no network but the test's own joins the two. The returned cut ends all connections and refuses new ones.
   */
  forward(port: number): Promise<Forward>;
  /** The other way round: make `127.0.0.1:port` outside lead to `127.0.0.1:port` inside. */
  reach(port: number): Promise<void>;
  close(): Promise<void>;
}

export interface Forward {
  cut(): void;
  mend(): void;
}

const setKernel = (name: string, path: string, value: string | number): void => {
  execFileSync("ip", ["netns", "exec", name, "tee", `/proc/sys/${path}`], { input: String(value), stdio: "pipe" });
};

const REGISTRY = "/run/netns";
/** Files that stand in `/etc` for what `ip netns exec` runs. */
const etcOf = (name: string): string => join("/etc/netns", name);
let count = 0;

/** End what still runs inside, then take the namespace away; its devices, routes and rules go with it. */
function remove(name: string): void {
  const pids = execFileSync("ip", ["netns", "pids", name], { encoding: "utf8" }).split("\n").filter(Boolean);
  for (const pid of pids) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  rmSync(etcOf(name), { recursive: true, force: true });
  ip("netns", "delete", name);
}

/** Take away what a killed test left: namespaces carry the process id of their test. */
function sweep(): void {
  for (const name of existsSync(REGISTRY) ? readdirSync(REGISTRY) : []) {
    const owner = /^tandem-(\d+)-/.exec(name)?.[1];
    if (!owner || existsSync(`/proc/${owner}`)) continue;
    try {
      remove(name);
    } catch {
      // Another test sweeps, too.
    }
  }
}

/** Make a namespace; needs root. */
export function createNamespace(label: string): Namespace {
  if (count === 0) sweep();
  const name = `tandem-${process.pid}-${count++}-${label}`;
  ip("netns", "add", name);
  ip("-n", name, "link", "set", "lo", "up");
  // Nobody else has its addresses; looking for duplicates would keep them back for a second.
  setKernel(name, "net/ipv6/conf/default/accept_dad", 0);
  const folder = mkdtempSync(join(tmpdir(), "tandem-namespace-"));
  const stops: (() => void)[] = [() => rmSync(folder, { recursive: true, force: true })];

  const exec: Namespace["exec"] = (command, args, env = process.env) => {
    const child = spawn("ip", ["netns", "exec", name, command, ...args], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env,
    });
    stops.push(() => child.kill("SIGKILL"));
    return child;
  };

  /** Inside, connections to `listen` go to `target`. */
  const relayInside = async (listen: string, target: string): Promise<void> => {
    const child = exec(process.execPath, [fileURLToPath(new URL("forwarder.ts", import.meta.url)), listen, target]);
    await new Promise<void>((resolve, reject) => {
      child.once("message", () => resolve());
      child.once("exit", code => reject(new Error(`the forwarder ended with ${code}`)));
    });
  };

  /** Outside, connections to `listen` go to `target` while it is open. */
  const relayOutside = async (listen: string, target: string): Promise<Forward> => {
    let open = true;
    const live = new Set<Socket>();
    const server = createServer(client => {
      if (!open) return void client.destroy();
      live.add(client);
      client.on("close", () => live.delete(client));
      relay(client, connect(endpoint(target)));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(endpoint(listen), resolve);
    });
    const drop = (): void => {
      for (const socket of live) socket.destroy();
    };
    stops.push(() => {
      server.close();
      drop();
    });
    return {
      cut() {
        open = false;
        drop();
      },
      mend() {
        open = true;
      },
    };
  };

  return {
    name,
    exec,
    async run(command, args) {
      const { stdout, stderr } = await promisify(execFile)("ip", ["netns", "exec", name, command, ...args]);
      return stdout + stderr;
    },
    wrap(command) {
      const path = join(folder, basename(command));
      writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${name} ${command} "$@"\n`, { mode: 0o755 });
      return path;
    },
    ip: (...args) => ip("-n", name, ...args),
    hosts(addresses) {
      const lines = Object.entries({ localhost: ["127.0.0.1", "::1"], ...addresses }).flatMap(([host, all]) =>
        // Chromium looks for the hosts of UDP servers with the root's dot.
        all.map(address => `${address} ${host} ${host}.\n`),
      );
      mkdirSync(etcOf(name), { recursive: true });
      writeFileSync(join(etcOf(name), "hosts"), lines.join(""));
      // There is nobody else to ask, and no waiting for an answer.
      writeFileSync(join(etcOf(name), "resolv.conf"), "");
    },
    nft(rules) {
      execFileSync("ip", ["netns", "exec", name, "nft", "-f", "-"], { input: rules });
    },
    sysctl: (path, value) => setKernel(name, path, value),
    async forward(port) {
      const socket = join(folder, `out-${port}`);
      const forward = await relayOutside(socket, String(port));
      await relayInside(String(port), socket);
      return forward;
    },
    async reach(port) {
      const socket = join(folder, `in-${port}`);
      await relayInside(socket, String(port));
      await relayOutside(String(port), socket);
    },
    async close() {
      for (const stop of stops.splice(0).reverse()) stop();
      remove(name);
    },
  };
}

/** Join two namespaces by a veth pair; each side's device is named after the other's address family only: `eth0`. */
export function joinNamespaces(one: Namespace, oneAddress: string, other: Namespace, otherAddress: string): void {
  ip("link", "add", "eth0", "netns", one.name, "type", "veth", "peer", "name", "eth0", "netns", other.name);
  for (const [namespace, address] of [
    [one, oneAddress],
    [other, otherAddress],
  ] as const) {
    namespace.ip("address", "add", `${address}/24`, "dev", "eth0");
    namespace.ip("link", "set", "eth0", "up");
    namespace.ip("route", "add", "default", "dev", "eth0");
  }
}
