import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../ports.ts";

type Value = string | readonly string[] | { readonly [key: string]: Value };

/** As BitTorrent writes it: rtpengine's control protocol is UDP datagrams of `COOKIE VALUE`. */
function encode(value: Value): string {
  if (typeof value === "string") return `${Buffer.byteLength(value)}:${value}`;
  if (Array.isArray(value)) return `l${value.map(encode).join("")}e`;
  return `d${Object.entries(value as Record<string, Value>)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => encode(key) + encode(each))
    .join("")}e`;
}

/** The text that stands behind a key of an answer. */
function textOf(answer: string, key: string): string | undefined {
  const at = answer.indexOf(`${key.length}:${key}`);
  const [head = "", length = "0"] =
    at < 0 ? [] : (/^(\d+):/.exec(answer.slice(at + `${key.length}:${key}`.length)) ?? []);
  const start = at + `${key.length}:${key}`.length + head.length;
  return at < 0 ? undefined : answer.slice(start, start + Number(length));
}

/** A media proxy, which we did not write: any kind of RTP on one side, any on the other. */
export interface Rtpengine {
  /** @returns the description for the other side. @throws Error with what it says */
  ask(
    command: "offer" | "answer",
    call: string,
    tag: string,
    sdp: string,
    more: Record<string, Value>,
  ): Promise<string>;
  stop(): Promise<void>;
}

export async function startRtpengine(): Promise<Rtpengine> {
  const port = await freePort();
  const args = ["--foreground", "--table=-1", "--interface=127.0.0.1", `--listen-ng=127.0.0.1:${port}`, "--log-stderr"];
  args.push("--port-min=23000", "--port-max=23199", "--log-level=2");
  const child: ChildProcess = spawn("rtpengine", args, { stdio: ["ignore", "ignore", "inherit"] });
  const exited = once(child, "exit");
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  let cookies = 0;
  const waiting = new Map<string, (answer: string) => void>();
  socket.on("message", bytes => {
    const text = bytes.toString("latin1");
    waiting.get(text.slice(0, text.indexOf(" ")))?.(text.slice(text.indexOf(" ") + 1));
  });

  async function say(value: Value): Promise<string> {
    const cookie = String(++cookies);
    const answered = new Promise<string>(resolve => waiting.set(cookie, resolve));
    // It may yet have to start; a repetition gets the same answer.
    for (;;) {
      socket.send(`${cookie} ${encode(value)}`, port, "127.0.0.1");
      const answer = await Promise.race([answered, sleep(200)]);
      if (answer !== undefined) return answer;
    }
  }
  await say({ command: "ping" });

  return {
    async ask(command, call, tag, sdp, more) {
      const side = command === "offer" ? { "from-tag": tag } : { "from-tag": tag, "to-tag": `${tag}-other` };
      const answer = await say({ command, "call-id": call, ...side, sdp, ...more });
      const rewritten = textOf(answer, "sdp");
      if (rewritten === undefined) throw new Error(`rtpengine: ${answer}`);
      return rewritten;
    },
    async stop() {
      socket.close();
      child.kill("SIGTERM");
      await exited;
    },
  };
}
