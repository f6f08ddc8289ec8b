import { sliceOf } from "./gateway/rtp/port-pairs.ts";
import { portsOf } from "./setting.ts";
import type { Settings } from "./settings.ts";
import { parseRange } from "./turn/policy/ranges.ts";
import type { WorkerConfig } from "./worker/messages.ts";

/** Plain RTP of each worker, whose ports are a part of the range; none where that is off. @throws Error that names what can't be read */
export function rtpConfigs(
  settings: Pick<Settings, "rtp-ports" | "rtp-destinations" | "workers">,
): Pick<WorkerConfig, "rtp">[] {
  const range = portsOf(settings["rtp-ports"]);
  if (range === undefined) return [];
  const destinations = settings["rtp-destinations"];
  for (const text of destinations) parseRange(text);
  return Array.from({ length: settings.workers }, (_, worker) => ({
    rtp: { ...sliceOf(range.min, range.max, worker, settings.workers), destinations },
  }));
}
