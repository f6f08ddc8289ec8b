import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What the script says; see there. */
export interface AiortcLine {
  readonly state?: string;
  readonly posted?: number;
  readonly deleted?: number;
  readonly media?: "audio" | "video";
  /** Decoded so far. */
  readonly frames?: number;
  readonly hertz?: number;
  readonly luma?: number;
}

/** aiortc, a WebRTC stack in Python, as a WHIP encoder or a WHEP player. */
export interface AiortcClient {
  readonly lines: AiortcLine[];
  /** The first line, said or still to come, of which `holds` is true. */
  when(holds: (line: AiortcLine) => boolean): Promise<AiortcLine>;
  /** Have it DELETE its session and end. */
  end(): Promise<void>;
  kill(): void;
}

/** Tone (Hz) and luma that it publishes. */
export const AIORTC_TONE = 660;
export const AIORTC_LUMA = 170;

/** Start one; it uses Debian's Python, for which its package is made. */
export function startAiortc(role: "publish" | "play", endpoint: string, token: string): AiortcClient {
  const script = fileURLToPath(new URL("aiortc_client.py", import.meta.url));
  const child = spawn("/usr/bin/python3", [script, role, endpoint], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, TOKEN: token },
  });
  const lines: AiortcLine[] = [];
  const waiting = new Set<() => void>();
  const news = (): void => {
    for (const look of [...waiting]) look();
  };
  createInterface({ input: child.stdout }).on("line", text => {
    lines.push(JSON.parse(text) as AiortcLine);
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
          else if (child.exitCode !== null)
            reject(new Error(`aiortc ended, having said ${JSON.stringify(lines.slice(-5))}`));
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
