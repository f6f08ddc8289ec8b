/** A device as one chooses it. The label is empty until the page has been allowed one of its kind. */
export interface DeviceInfo {
  readonly deviceId: string;
  readonly label: string;
}

export interface DeviceList {
  readonly microphones: readonly DeviceInfo[];
  readonly cameras: readonly DeviceInfo[];
  /** Empty where the browser doesn't let a page choose. */
  readonly speakers: readonly DeviceInfo[];
}

/** The devices that there are now; none on a page that is not secure. */
export async function listDevices(): Promise<DeviceList> {
  const all = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  const of = (wanted: MediaDeviceKind): DeviceInfo[] =>
    all.filter(({ kind }) => kind === wanted).map(({ deviceId, label }) => ({ deviceId, label }));
  return { microphones: of("audioinput"), cameras: of("videoinput"), speakers: of("audiooutput") };
}

/** Call `listener` with the devices now and whenever they change; the result stops it. */
export function watchDevices(
  listener: (devices: DeviceList) => void,
  options: { signal?: AbortSignal } = {},
): () => void {
  let stopped = options.signal?.aborted === true;
  // The list that was asked for last counts, in whatever order they come.
  let asked = 0;
  const look = (): void => {
    const mine = ++asked;
    listDevices().then(
      devices => {
        if (!stopped && mine === asked) listener(devices);
      },
      // It fails where no device is allowed, and then there is nothing to tell.
      () => {},
    );
  };
  const stop = (): void => {
    stopped = true;
    navigator.mediaDevices?.removeEventListener("devicechange", look);
  };
  if (stopped) return stop;
  navigator.mediaDevices?.addEventListener("devicechange", look);
  options.signal?.addEventListener("abort", stop, { once: true });
  look();
  return stop;
}
