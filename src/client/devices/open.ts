import { DeviceError, deviceError } from "./device-error.ts";

export interface DeviceChange {
  /** The track from now on; the one before has ended. */
  readonly track: MediaStreamTrack;
  readonly deviceId: string;
  /** `healed`: the device vanished and another took over. `switched`: it was asked for. */
  readonly reason: "healed" | "switched";
}

export interface OpenOptions {
  /** The device to open if it is there; else the browser's choice. */
  deviceId?: string;
  /** On top of the defaults: echo cancellation and the like, or 1280×720 at 30 fps. */
  constraints?: MediaTrackConstraints;
  /** The track is another one: publish that with `replaceTrack`. */
  onChange?: (change: DeviceChange) => void;
  /** The device is gone, or forbidden, and no other could take over. */
  onEnded?: (error: DeviceError) => void;
  /** Gives the opening up; once open, closes. */
  signal?: AbortSignal;
}

/** A microphone or camera in use. */
export interface OpenDevice {
  readonly track: MediaStreamTrack;
  readonly deviceId: string;
  /** Use another device. On failure the old one stays, if it can. @throws DeviceError */
  switchTo(deviceId: string): Promise<MediaStreamTrack>;
  /** Let go of it: its light goes out. Idempotent. */
  close(): void;
}

type Media = "audio" | "video";

const DEFAULTS: Record<Media, MediaTrackConstraints> = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};

async function capture(media: Media, constraints: MediaTrackConstraints): Promise<MediaStreamTrack> {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ [media]: constraints });
    const [track] = stream.getTracks();
    if (!track) throw new DeviceError("missing");
    return track;
  } catch (error) {
    throw error instanceof DeviceError ? error : deviceError(error);
  }
}

const idOf = (track: MediaStreamTrack): string => track.getSettings().deviceId ?? "";

async function open(media: Media, options: OpenOptions): Promise<OpenDevice> {
  const { signal } = options;
  const constraints = { ...DEFAULTS[media], ...options.constraints };
  const take = (deviceId?: ConstrainDOMString): Promise<MediaStreamTrack> =>
    capture(media, deviceId === undefined ? constraints : { ...constraints, deviceId });

  if (signal?.aborted) throw signal.reason;
  let track = await take(options.deviceId ? { ideal: options.deviceId } : undefined);
  let closed = false;
  // Counts what was asked for, so that a healing that comes late gives way.
  let turn = 0;

  const close = (): void => {
    closed = true;
    track.onended = null;
    track.stop();
  };
  if (signal?.aborted) {
    close();
    throw signal.reason;
  }

  const use = (next: MediaStreamTrack, reason: DeviceChange["reason"]): void => {
    track.onended = null;
    track.stop();
    track = next;
    track.onended = () => void heal();
    options.onChange?.({ track, deviceId: idOf(track), reason });
  };

  /** The browser's choice first, then each other one. */
  const replacement = async (lost: string): Promise<MediaStreamTrack> => {
    const all = await navigator.mediaDevices.enumerateDevices();
    const others = all.filter(({ kind, deviceId }) => kind === `${media}input` && deviceId && deviceId !== lost);
    let failure = new DeviceError("missing");
    for (const choice of [undefined, ...others.map(({ deviceId }) => ({ exact: deviceId }))]) {
      try {
        return await take(choice);
      } catch (error) {
        failure = error as DeviceError;
        if (failure.code === "denied") break;
      }
    }
    throw failure;
  };

  const heal = async (): Promise<void> => {
    const mine = ++turn;
    try {
      const next = await replacement(idOf(track));
      if (closed || mine !== turn) next.stop();
      else use(next, "healed");
    } catch (error) {
      if (closed || mine !== turn) return;
      close();
      options.onEnded?.(error as DeviceError);
    }
  };

  track.onended = () => void heal();
  signal?.addEventListener("abort", close, { once: true });
  return {
    get track() {
      return track;
    },
    get deviceId() {
      return idOf(track);
    },
    async switchTo(deviceId) {
      const mine = ++turn;
      const wanted = { exact: deviceId };
      const next = await take(wanted).catch(error => {
        // Phones open one camera at a time.
        if (error.code !== "busy" || closed) throw error;
        const before = idOf(track);
        track.onended = null;
        track.stop();
        return take(wanted).catch(async failure => {
          if (!closed && mine === turn) use(await take({ ideal: before }), "healed");
          throw failure;
        });
      });
      if (closed || mine !== turn) next.stop();
      else use(next, "switched");
      return track;
    },
    close,
  };
}

/** Open a microphone. @throws DeviceError */
export const openMicrophone = (options: OpenOptions = {}): Promise<OpenDevice> => open("audio", options);
/** Open a camera. @throws DeviceError */
export const openCamera = (options: OpenOptions = {}): Promise<OpenDevice> => open("video", options);
