/** `npm start`: a working call on this machine, from a fresh clone. */
import { createServer } from "node:net";
import { build } from "./build.mjs";
import { runGroup } from "./lib/group.mjs";
import { ensurePackages } from "./lib/install.mjs";
import { main, tool } from "./lib/run.mjs";
import { ensureDevVars } from "./lib/secrets.mjs";

const help = `npm start [-- --port 8787] [-- --no-node]

Starts Tandem on this machine: the edge on miniflare, with the app at http://127.0.0.1:8787, and one media node. Everything listens on
loopback only.
  --port N    port of the edge (default 8787, or PORT)
  --no-node   no media node: calls are peer to peer, up to six people
State is kept in .wrangler/state, development secrets in .dev.vars (git-ignored).`;

/** Lines of wrangler that say nothing to whoever runs this. */
const NOISE = /^\s*$|^Using secrets|^Your Worker has|^Binding |^env\.|Starting local server|Parsed \d+ valid/;

/** A browser asks for relays by every transport, and a call on one machine uses none. */
const UNUSED_RELAY = /"allocation ended".*"bytesUp":0,"bytesDown":0/;

/** A structured log line as a person reads it. */
function readable(line) {
  if (!line.startsWith("{")) return line;
  try {
    const { at: _, level, event, message = event, ...fields } = JSON.parse(line);
    const rest = Object.entries(fields).map(([name, value]) => `${name}=${value}`);
    return [level === "info" ? "" : `${level}: `, message, ...rest.map(text => ` ${text}`)].join("");
  } catch {
    return line;
  }
}

const option = name => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
};

const portFree = port =>
  new Promise(resolve => {
    const probe = createServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });

main(async () => {
  if (process.argv.includes("--help")) return console.log(help);
  const port = Number(option("port") ?? process.env.PORT ?? 8787);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error("--port takes a number from 1 to 65535");
  await ensurePackages();
  if (!(await portFree(port)))
    throw new Error(`port ${port} is in use; choose another: npm start -- --port ${port + 1}`);
  const vars = ensureDevVars();
  await build();

  const url = `http://127.0.0.1:${port}`;
  const edge = {
    name: "edge",
    command: tool("wrangler"),
    args: [
      ...["dev", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
      "--show-interactive-dev-session=false",
    ],
    keep: line => {
      if (line.includes("Ready on")) return `ready: open ${url} in two windows`;
      return NOISE.test(line) ? undefined : readable(line.replace(/\[wrangler:info\] | `Sec-Fetch-Mode.*/g, ""));
    },
  };
  const [[name, secret]] = Object.entries(JSON.parse(vars.NODE_KEYS));
  const node = {
    name: "node",
    command: tool("bun"),
    // Free ports, so that it stands beside any other server; it tells the edge which.
    args: [
      ...["media-node/main.ts", "--edge", url, "--listen", "127.0.0.1", "--media-port", "0", "--admin", "0"],
      ...["--listening-port", "0", "--tls-listening-port", "0"],
    ],
    env: { TANDEM_KEY: `${name}:${secret}` },
    keep: line => (UNUSED_RELAY.test(line) ? undefined : readable(line)),
  };
  process.exitCode = await runGroup(process.argv.includes("--no-node") ? [edge] : [edge, node]);
});
