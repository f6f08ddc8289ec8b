/** `npm start`: a working call on this machine, from a fresh clone. */
import { createServer } from "node:net";
import { build } from "./build.mjs";
import { runGroup } from "./lib/group.mjs";
import { ensurePackages } from "./lib/install.mjs";
import { main, tool } from "./lib/run.mjs";
import { ensureDevVars } from "./lib/secrets.mjs";

const help = `npm start [-- --port 8787]

Starts Tandem on this machine: the edge on miniflare, with the app at http://127.0.0.1:8787.
  --port N   port of the edge (default 8787, or PORT)
State is kept in .wrangler/state, development secrets in .dev.vars (git-ignored).`;

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
  ensureDevVars();
  await build();

  const url = `http://127.0.0.1:${port}`;
  const edge = {
    name: "edge",
    command: tool("wrangler"),
    args: [
      "dev",
      "--ip",
      "127.0.0.1",
      "--port",
      String(port),
      "--inspector-port",
      "0",
      "--show-interactive-dev-session=false",
    ],
    keep: line => {
      if (line.includes("Ready on")) return `ready: open ${url} in two windows`;
      return line.trim() === "" ? undefined : line;
    },
  };
  process.exitCode = await runGroup([edge]);
});
