import { vi } from "vitest";

/** A track of a fake device. */
export interface DeviceTrack extends MediaStreamTrack {
  /** The device vanishes, or its permission. */
  lose(): void;
}

type Kind = "audioinput" | "videoinput" | "audiooutput";

/** Devices that a test plugs in, unplugs and makes fail; stubs `navigator`. */
export interface FakeDevices {
  list: { kind: Kind; deviceId: string; label: string }[];
  /** Names of the errors that opening these devices meets; `*` for whichever the browser would choose. */
  failing: Map<string, string>;
  /** Every track ever opened. */
  readonly opened: DeviceTrack[];
  /** Constraints as asked. */
  readonly asked: MediaStreamConstraints[];
  plugged(): void;
  /** How many listen to devices coming and going. */
  readonly listeners: number;
}

/** Install fake devices as `navigator.mediaDevices`. */
export function installFakeDevices(): FakeDevices {
  let listeners = 0;
  const target = new EventTarget();
  const devices: FakeDevices = {
    list: [],
    failing: new Map(),
    opened: [],
    asked: [],
    plugged: () => target.dispatchEvent(new Event("devicechange")),
    get listeners() {
      return listeners;
    },
  };

  const open = (kind: Kind, wanted: { exact?: string; ideal?: string } | undefined): DeviceTrack => {
    const all = devices.list.filter(device => device.kind === kind);
    const named = all.find(({ deviceId }) => deviceId === (wanted?.exact ?? wanted?.ideal));
    if (wanted?.exact && !named) throw new DOMException("", "OverconstrainedError");
    const chosen = named ?? all[0];
    if (!chosen) throw new DOMException("", "NotFoundError");
    const failure = devices.failing.get(chosen.deviceId) ?? devices.failing.get("*");
    if (failure) throw new DOMException("", failure);
    const track = {
      kind: kind === "audioinput" ? "audio" : "video",
      label: chosen.label,
      readyState: "live",
      onended: null as (() => void) | null,
      getSettings: () => ({ deviceId: chosen.deviceId }),
      stop() {
        track.readyState = "ended";
      },
      lose() {
        track.readyState = "ended";
        track.onended?.();
      },
    };
    devices.opened.push(track as unknown as DeviceTrack);
    return track as unknown as DeviceTrack;
  };

  vi.stubGlobal("navigator", {
    mediaDevices: {
      enumerateDevices: async () => devices.list,
      async getUserMedia(constraints: MediaStreamConstraints) {
        devices.asked.push(constraints);
        const kind = constraints.audio ? "audioinput" : "videoinput";
        const { deviceId } = (constraints.audio ?? constraints.video) as { deviceId?: { exact?: string } };
        const track = open(kind, deviceId);
        return { getTracks: () => [track] };
      },
      addEventListener(type: string, listener: EventListener) {
        listeners++;
        target.addEventListener(type, listener);
      },
      removeEventListener(type: string, listener: EventListener) {
        listeners--;
        target.removeEventListener(type, listener);
      },
    },
  });
  return devices;
}
