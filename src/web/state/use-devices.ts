import { useEffect, useState } from "preact/hooks";
import { loadDevices } from "./sdk.ts";

type Devices = Awaited<ReturnType<Awaited<ReturnType<typeof loadDevices>>["listDevices"]>>;

/** Whether this browser lets a page choose where sound comes out. */
export const canChooseSpeaker = typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

/**
 * The devices there are, as they come and go.
 *
 * @param opened - What is open: names of devices are known only after something was allowed, so a change looks again.
 */
export function useDevices(...opened: readonly (MediaStreamTrack | undefined)[]): Devices {
  const [devices, setDevices] = useState<Devices>({ microphones: [], cameras: [], speakers: [] });
  useEffect(() => {
    let gone = false;
    let stop: (() => void) | undefined;
    void loadDevices().then(({ watchDevices }) => {
      if (!gone) stop = watchDevices(setDevices);
    });
    return () => {
      gone = true;
      stop?.();
    };
  }, opened);
  return devices;
}
