import { isIP } from "node:net";
import type { Log } from "./log.ts";
import { endpointOf } from "./setting.ts";
import type { Settings } from "./settings.ts";
import type { DoorConfig, WorkerConfig } from "./worker/messages.ts";

type Certificate = Pick<Settings, "cert" | "pkey" | "workers">;
type BotSettings = Certificate & Pick<Settings, "bot-listen" | "bot-url">;
type RtmpSettings = Certificate & Pick<Settings, "rtmp-listen" | "rtmp-url">;

interface Door {
  readonly name: "bot" | "rtmp";
  readonly listen: string;
  readonly url: string;
  /** Schemes of URLs, without and with TLS. */
  readonly schemes: readonly [clear: string, encrypted: string];
  readonly path: string;
  /** What is said where it isn't encrypted. */
  readonly clear: string;
  /** Whether to leave the certificate aside. */
  readonly plain: boolean;
}

/** A door of each worker. @throws Error that names the settings that don't fit */
function doorsOf(settings: Certificate, door: Door, log: Log): DoorConfig[] {
  const { name, listen, schemes, path, clear, plain } = door;
  const endpoint = endpointOf(listen);
  if (endpoint === undefined) return [];
  const { address, port } = endpoint;
  const { cert, pkey, workers } = settings;
  if ((cert === "") !== (pkey === "")) throw new Error("--cert and --pkey go together");
  if (door.url === "" && /^(0\.0\.0\.0|[:0]+)$/.test(address))
    throw new Error(`--${name}-listen on all addresses needs --${name}-url, which says what to dial`);
  const tls = cert === "" || plain ? undefined : { cert, key: pkey };
  const host = isIP(address) === 6 ? `[${address}]` : address;
  const url = door.url || `${schemes[tls ? 1 : 0]}://${host}:{port}${path}`;
  if (!tls && !/^(127\.|::1$)/.test(address)) log.warn(clear, { address });
  return Array.from({ length: workers }, (_, worker) => ({
    ...{ address, port: port === 0 ? 0 : port + worker, url },
    ...(tls && { tls }),
  }));
}

/** The door for programs of each worker; none where that is off. @throws Error that names the settings that don't fit */
export function botConfigs(settings: BotSettings, log: Log): Pick<WorkerConfig, "bots">[] {
  const door: Door = {
    ...{ name: "bot", listen: settings["bot-listen"], url: settings["bot-url"], schemes: ["ws", "wss"], path: "/" },
    ...{ clear: "what programs hear and say is not encrypted", plain: false },
  };
  return doorsOf(settings, door, log).map(bots => ({ bots }));
}

/** The door for encoders of each worker; none where that is off. @throws Error that names the settings that don't fit */
export function rtmpConfigs(settings: RtmpSettings, log: Log): Pick<WorkerConfig, "rtmp">[] {
  const url = settings["rtmp-url"];
  const door: Door = {
    ...{ name: "rtmp", listen: settings["rtmp-listen"], url, schemes: ["rtmp", "rtmps"], path: "/live" },
    ...{ clear: "what encoders send is not encrypted, nor are their keys", plain: url.startsWith("rtmp:") },
  };
  return doorsOf(settings, door, log).map(rtmp => ({ rtmp }));
}
