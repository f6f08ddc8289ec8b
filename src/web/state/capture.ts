import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { type DeviceFault, faultOf } from "./device-faults.ts";
import { loadDevices, type OpenDevice } from "./sdk.ts";

/** One's own microphone or camera, before and during a call. */
export interface Capture {
  readonly kind: "microphone" | "camera";
  /** Whether it may be published here, as far as is known. */
  readonly allowed: Signal<boolean>;
  readonly state: ReadonlySignal<"off" | "opening" | "on">;
  /** The live track; another one after a switch or when a lost device was replaced. */
  readonly track: ReadonlySignal<MediaStreamTrack | undefined>;
  /** Why the last attempt failed or the device was lost, until the next attempt. */
  readonly fault: ReadonlySignal<DeviceFault | undefined>;
  /** Label of the device that took over from a lost one, until the next choice. */
  readonly healed: ReadonlySignal<string | undefined>;
  /** Turns it on, with the preferred device if that is there. Resolves without a track if that can't be: see `fault`. */
  open(): Promise<MediaStreamTrack | undefined>;
  /** Lets go of the device; its light goes out. */
  close(): void;
  /** Prefers another device, and switches to it if one is open. */
  choose(deviceId: string): Promise<void>;
}

/**
 * A capture that is off.
 *
 * @param preferred - The remembered device id; empty for the browser's choice.
 */
export function createCapture(kind: Capture["kind"], preferred: Signal<string>): Capture {
  const allowed = signal(true);
  const state = signal<"off" | "opening" | "on">("off");
  const track = signal<MediaStreamTrack>();
  const fault = signal<DeviceFault>();
  const healed = signal<string>();
  let device: OpenDevice | undefined;
  let opening: Promise<MediaStreamTrack | undefined> | undefined;
  let turn = 0;

  const show = (next: MediaStreamTrack | undefined, problem?: DeviceFault) =>
    batch(() => {
      track.value = next;
      state.value = next ? "on" : "off";
      fault.value = problem;
    });

  async function start(mine: number): Promise<MediaStreamTrack | undefined> {
    try {
      const devices = await loadDevices();
      const openDevice = kind === "microphone" ? devices.openMicrophone : devices.openCamera;
      const opened = await openDevice({
        ...(preferred.value ? { deviceId: preferred.value } : {}),
        onChange: change => {
          if (mine !== turn) return;
          if (change.reason === "healed") healed.value = change.track.label;
          show(change.track);
        },
        onEnded: error => {
          if (mine !== turn) return;
          device = undefined;
          show(undefined, faultOf(error));
        },
      });
      if (mine !== turn) {
        opened.close();
        return undefined;
      }
      device = opened;
      show(opened.track);
      return opened.track;
    } catch (error) {
      if (mine === turn) show(undefined, faultOf(error));
      return undefined;
    } finally {
      if (mine === turn) opening = undefined;
    }
  }

  return {
    kind,
    allowed,
    state,
    track,
    fault,
    healed,
    open() {
      if (track.value) {
        fault.value = undefined;
        return Promise.resolve(track.value);
      }
      if (!opening) {
        state.value = "opening";
        fault.value = undefined;
        opening = start(++turn);
      }
      return opening;
    },
    close() {
      turn++;
      opening = undefined;
      device?.close();
      device = undefined;
      show(undefined);
    },
    async choose(deviceId) {
      preferred.value = deviceId;
      healed.value = undefined;
      if (!device) return;
      await device.switchTo(deviceId).catch(error => {
        fault.value = faultOf(error);
      });
    },
  };
}
