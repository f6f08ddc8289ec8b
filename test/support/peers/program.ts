import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the scripts beside this file say; see there. */
export interface ProgramLine {
  readonly state?: string;
  readonly posted?: number;
  /** Status of the PATCH of one candidate. */
  readonly patched?: number;
  readonly deleted?: number;
  readonly media?: "audio" | "video";
  /** Decoded so far. */
  readonly frames?: number;
  readonly hertz?: number;
  readonly luma?: number;
}

const PYTHON = "/usr/bin/python3";

/** Somebody else's WebRTC stack, in Python, as a WHIP encoder or a WHEP player. */
export interface Program {
  readonly lines: ProgramLine[];
  /** The first line, said or still to come, of which `holds` is true. */
  when(holds: (line: ProgramLine) => boolean): Promise<ProgramLine>;
  /** Have it DELETE its session and end. */
  end(): Promise<void>;
  kill(): void;
}

/** One of the stacks, and what it publishes. */
export interface Stack {
  readonly script: string;
  /** Hz. */
  readonly tone: number;
  readonly luma: number;
}

export const AIORTC: Stack = { script: "aiortc_client.py", tone: 660, luma: 170 };
export const GSTREAMER: Stack = { script: "gstreamer_client.py", tone: 550, luma: 235 };

/** Start one on loopback, or at an address of a network namespace; it uses Debian's Python, for which its package is made. */
export function startProgram(
  stack: Stack,
  role: "publish" | "play",
  endpoint: string,
  token: string,
  place?: { readonly namespace: string; readonly address: string },
): Program {
  const script = fileURLToPath(new URL(stack.script, import.meta.url));
  const [command = "", ...inside] = place ? ["ip", "netns", "exec", place.namespace, PYTHON] : [PYTHON];
  const child = spawn(command, [...inside, script, role, endpoint], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TOKEN: token, ADDRESS: place?.address ?? "127.0.0.1" },
  });
  const lines: ProgramLine[] = [];
  const waiting = new Set<() => void>();
  const news = (): void => {
    for (const look of [...waiting]) look();
  };
  createInterface({ input: child.stdout }).on("line", text => {
    lines.push(JSON.parse(text) as ProgramLine);
    news();
  });
  child.once("exit", news);

  return {
    lines,
    when: holds =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(holds);
          if (found) resolve(found);
          else if (child.exitCode !== null || child.signalCode !== null)
            reject(new Error(`${stack.script} ended, having said ${JSON.stringify(lines.slice(-5))}`));
          else return void waiting.add(look);
          waiting.delete(look);
        };
        look();
      }),
    async end() {
      if (child.exitCode !== null) return;
      const closed = once(child, "close");
      child.stdin.end();
      await closed;
    },
    kill: () => void child.kill("SIGKILL"),
  };
}
