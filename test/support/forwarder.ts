/** Runs inside a network namespace: connections to `listen` there go to `target`. A number is a port of 127.0.0.1, else it is a Unix socket. */
import { connect, createServer } from "node:net";
import { endpoint, relay } from "./relay.ts";

const [, , listen = "", target = ""] = process.argv;

createServer(client => relay(client, connect(endpoint(target)))).listen(endpoint(listen), () =>
  process.send?.("ready"),
);
process.on("disconnect", () => process.exit());
