import type { ChildProcess } from "node:child_process";

/** How long (ms) a process may take to end by itself. */
const PATIENCE = 2_000;

/** Ends a process that ends when its IPC channel does; resolves once it has. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise(resolve => child.once("exit", resolve));
  if (child.connected) child.disconnect();
  const force = setTimeout(() => child.kill("SIGKILL"), PATIENCE);
  await exit;
  clearTimeout(force);
}
