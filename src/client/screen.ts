/**
 * Sharing a screen, a window or a tab.
 * @module
 */
import { deviceError } from "./devices/device-error.ts";
import type { LocalSource, Room } from "./types.ts";

export { DeviceError, type DeviceErrorCode } from "./devices/device-error.ts";

export interface ShareOptions {
  /** Share its sound as well, where the browser can and the person agrees. */
  audio?: boolean;
  /** `detail` keeps text sharp (default), `motion` keeps films fluent. */
  hint?: "detail" | "motion";
  /** Gives the share up; once it runs, ends it. */
  signal?: AbortSignal;
}

export interface ScreenShare {
  /** The screen, then its sound if there is any. */
  readonly sources: readonly LocalSource[];
  /** End it, as the browser's own button does; idempotent. */
  stop(): Promise<void>;
}

/** What browsers understand beyond the standard; others ignore it. */
const CHOICES = { selfBrowserSurface: "exclude", surfaceSwitching: "include", systemAudio: "include" };

/**
 * Let the person choose what to share, and publish it. Ends by `stop()`, by the browser's button, and with the room.
 * @throws DeviceError `denied` also when the person closed the choice; TandemError what publishing throws
 */
export async function shareScreen(room: Room, options: ShareOptions = {}): Promise<ScreenShare> {
  const { audio = false, hint = "detail", signal } = options;
  if (signal?.aborted) throw signal.reason;
  const stream = await navigator.mediaDevices
    .getDisplayMedia({ video: { frameRate: { ideal: 30 } }, audio, ...CHOICES })
    .catch(error => Promise.reject(deviceError(error)));
  const [video] = stream.getVideoTracks();
  const [sound] = stream.getAudioTracks();
  const sources: LocalSource[] = [];
  let stopping: Promise<void> | undefined;

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      off();
      signal?.removeEventListener("abort", quietly);
      for (const track of stream.getTracks()) track.stop();
      if (room.store.get().status !== "closed") await Promise.all(sources.map(source => source.unpublish()));
    })();
    return stopping;
  };
  const quietly = (): void => void stop().catch(() => {});
  const off = room.on("status", status => {
    if (status === "closed") quietly();
  });
  signal?.addEventListener("abort", quietly, { once: true });

  try {
    if (video) {
      video.contentHint = hint;
      video.onended = quietly;
      sources.push(await room.publish(video, { kind: "screen" }));
    }
    if (sound) sources.push(await room.publish(sound, { kind: "screen-audio" }));
    // Ended while it was being published.
    if (stopping) await Promise.all(sources.map(source => source.unpublish()));
    signal?.throwIfAborted();
  } catch (error) {
    quietly();
    throw error;
  }
  return { sources, stop };
}
