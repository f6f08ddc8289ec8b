/**
 * Notices that nothing arrives from the node. It lets no session go silent for more than a quarter of a second, and a working ICE pair
 * tells nothing for longer: so the transport's own count of packets is what is watched.
 * @module
 */
import type { Surroundings } from "../core/index.ts";

/** How often to look, and after how long without a packet to say so, in ms. */
const LOOK = 250;
const SILENT = 750;

export interface Watchdog {
  close(): void;
}

/** Packets the transport received so far, or undefined where the browser does not count them. */
async function packetsOf(receiver: RTCRtpReceiver): Promise<number | undefined> {
  for (const report of (await receiver.getStats()).values())
    if (report.type === "transport") return report.packetsReceived;
  return undefined;
}

/** Call `silent` when nothing has come for a while, and again as long as that lasts. */
export function createWatchdog(
  receiver: () => RTCRtpReceiver | undefined,
  connected: () => boolean,
  surroundings: Surroundings,
  silent: () => void,
): Watchdog {
  let closed = false;
  let packets = -1;
  let since = surroundings.now();

  const look = async (): Promise<void> => {
    const one = receiver();
    const count = connected() && one ? await packetsOf(one).catch(() => undefined) : undefined;
    if (closed) return;
    const now = surroundings.now();
    if (count === undefined || count !== packets) since = now;
    packets = count ?? -1;
    if (now - since >= SILENT) {
      since = now;
      silent();
    }
    surroundings.setTimer(() => void look(), LOOK);
  };
  surroundings.setTimer(() => void look(), LOOK);
  return {
    close() {
      closed = true;
    },
  };
}
