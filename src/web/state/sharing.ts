import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { textOf } from "./error-texts.ts";
import type { Notices } from "./notices.ts";
import { loadScreen, type Room, type RoomSnapshot } from "./sdk.ts";

/** Shares one's own screen, window or tab. */
export interface Sharing {
  readonly on: ReadonlySignal<boolean>;
  /** Whether this browser can share at all; phones can't. */
  readonly possible: boolean;
  toggle(): void;
  close(): void;
}

/** Whether the person closed the browser's picker, which is no failure. */
const isChangeOfMind = (error: unknown) =>
  error instanceof Error &&
  (error.name === "NotAllowedError" || error.name === "AbortError" || errorCode(error) === "denied");
const errorCode = (error: Error) => ("code" in error ? error.code : undefined);

export function createSharing(room: Room, snapshot: ReadonlySignal<RoomSnapshot>, notices: Notices): Sharing {
  const starting = signal(false);
  const on = computed(() => snapshot.value.you.sources.some(source => source.kind === "screen"));
  let stop: (() => Promise<void> | void) | undefined;

  async function start(): Promise<void> {
    starting.value = true;
    try {
      const { shareScreen } = await loadScreen();
      const share = await shareScreen(room, { audio: true });
      stop = () => share.stop();
    } catch (error) {
      if (!isChangeOfMind(error)) notices.show({ id: "share", text: textOf(error) });
    } finally {
      starting.value = false;
    }
  }

  const end = () => {
    Promise.resolve(stop?.()).catch(error => notices.show({ id: "share", text: textOf(error) }));
    stop = undefined;
  };

  return {
    on,
    possible: typeof navigator !== "undefined" && "getDisplayMedia" in (navigator.mediaDevices ?? {}),
    toggle() {
      if (on.value) end();
      else if (!starting.value) void start();
    },
    close: end,
  };
}
