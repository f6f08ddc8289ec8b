import { isIP } from "node:net";
import type { Log } from "./log.ts";
import { endpointOf, type Settings } from "./settings.ts";
import type { WorkerConfig } from "./worker/messages.ts";

type Used = "bot-listen" | "bot-url" | "cert" | "pkey" | "workers";

/** The door for programs of each worker; none where that is off. @throws Error that names the settings that don't fit */
export function botConfigs(settings: Pick<Settings, Used>, log: Log): Pick<WorkerConfig, "bots">[] {
  const endpoint = endpointOf(settings["bot-listen"]);
  if (endpoint === undefined) return [];
  const { address, port } = endpoint;
  if ((settings.cert === "") !== (settings.pkey === "")) throw new Error("--cert and --pkey go together");
  if (settings["bot-url"] === "" && /^(0\.0\.0\.0|[:0]+)$/.test(address))
    throw new Error("--bot-listen on all addresses needs --bot-url, which says what programs dial");
  const tls = settings.cert === "" ? undefined : { cert: settings.cert, key: settings.pkey };
  const url =
    settings["bot-url"] || `${tls ? "wss" : "ws"}://${isIP(address) === 6 ? `[${address}]` : address}:{port}/`;
  if (!tls && !/^(127\.|::1$)/.test(address)) log.warn("what programs hear and say is not encrypted", { address });
  return Array.from({ length: settings.workers }, (_, worker) => ({
    bots: { address, port: port === 0 ? 0 : port + worker, url, ...(tls && { tls }) },
  }));
}
