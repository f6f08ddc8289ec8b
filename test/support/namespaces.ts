import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ip = (...args: string[]): void => {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"] });
};

/** A network namespace of the test's own, with loopback up. */
export interface Namespace {
  readonly name: string;
  /** Path of a program that runs `command` inside. */
  exec(command: string, args: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess;
  ip(...args: string[]): void;
  /**
   * Make `127.0.0.1:port` inside lead to `127.0.0.1:port` outside, by a Unix socket: pages there are on a secure context,
   * and no network but the test's own joins the two. The returned cut ends all connections and refuses new ones.
   */
  forward(port: number): Promise<Forward>;
  close(): Promise<void>;
}

export interface Forward {
  cut(): void;
  mend(): void;
}

let count = 0;

/** Make a namespace; needs root. */
export function createNamespace(label: string): Namespace {
  const name = `tandem-${process.pid}-${count++}-${label}`;
  ip("netns", "add", name);
  ip("-n", name, "link", "set", "lo", "up");
  const stops: (() => void)[] = [];

  const exec: Namespace["exec"] = (command, args, env = process.env) => {
    const child = spawn("ip", ["netns", "exec", name, command, ...args], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env,
    });
    stops.push(() => child.kill("SIGKILL"));
    return child;
  };

  return {
    name,
    exec,
    ip: (...args) => ip("-n", name, ...args),
    async forward(port) {
      const folder = mkdtempSync(join(tmpdir(), "tandem-forward-"));
      const path = join(folder, "socket");
      let open = true;
      const live = new Set<{ destroy(): unknown }>();
      const outside = createServer(inner => {
        if (!open) return void inner.destroy();
        const outer = connect(port, "127.0.0.1");
        for (const [one, other] of [
          [inner, outer],
          [outer, inner],
        ] as const) {
          live.add(one);
          one.on("error", () => other.destroy());
          one.on("close", () => {
            live.delete(one);
            other.destroy();
          });
          one.pipe(other);
        }
      });
      await new Promise<void>(resolve => outside.listen(path, resolve));
      const child = exec(process.execPath, [
        fileURLToPath(new URL("forwarder.ts", import.meta.url)),
        String(port),
        path,
      ]);
      await new Promise<void>((resolve, reject) => {
        child.once("message", () => resolve());
        child.once("exit", code => reject(new Error(`the forwarder ended with ${code}`)));
      });
      stops.push(() => {
        outside.close();
        for (const socket of live) socket.destroy();
        rmSync(folder, { recursive: true, force: true });
      });
      return {
        cut() {
          open = false;
          for (const socket of live) socket.destroy();
        },
        mend() {
          open = true;
        },
      };
    },
    async close() {
      for (const stop of stops.splice(0).reverse()) stop();
      ip("netns", "delete", name);
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
