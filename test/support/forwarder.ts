/** Runs inside a network namespace: `127.0.0.1:port` there leads to a Unix socket, which reaches out of it. */
import { connect, createServer } from "node:net";

const [, , port, path] = process.argv;

createServer(inner => {
  const outer = connect(String(path));
  inner.on("error", () => outer.destroy());
  outer.on("error", () => inner.destroy());
  inner.on("close", () => outer.destroy());
  outer.on("close", () => inner.destroy());
  inner.pipe(outer).pipe(inner);
}).listen(Number(port), "127.0.0.1", () => process.send?.("ready"));
process.on("disconnect", () => process.exit());
