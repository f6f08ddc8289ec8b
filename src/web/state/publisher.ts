import { effect, type ReadonlySignal, signal, untracked } from "@preact/signals";
import type { Capture } from "./capture.ts";
import { faultText } from "./device-faults.ts";
import { textOf } from "./error-texts.ts";
import type { Notices } from "./notices.ts";
import type { LocalSource, Room } from "./sdk.ts";

/** Sends one's own microphone or camera, and stops. */
export interface Publisher {
  /** Whether others are meant to hear or see it; what the button shows. */
  readonly on: ReadonlySignal<boolean>;
  set(on: boolean): void;
  toggle(): void;
  close(): void;
}

interface Parts {
  readonly room: Room;
  readonly capture: Capture;
  readonly notices: Notices;
}

/**
 * Publishes what `capture` holds, now and whenever it is turned on. Off mutes at once. The microphone stays open then, so
 * that talking while muted can be noticed and unmuting is instant; the camera is let go, so that its light goes out.
 */
export function createPublisher({ room, capture, notices }: Parts): Publisher {
  const kind = capture.kind === "microphone" ? "mic" : "camera";
  const on = signal(false);
  let source: LocalSource | undefined;
  let publishing = false;

  const report = (error: unknown) => notices.show({ id: kind, text: textOf(error) });

  async function send(): Promise<void> {
    const track = await capture.open();
    if (!on.value) {
      if (kind === "camera") capture.close();
      return;
    }
    if (!track) {
      on.value = false;
      const fault = capture.fault.value;
      if (fault) notices.show({ id: kind, text: faultText(capture.kind, fault), action: again });
      return;
    }
    if (source) {
      if (source.track !== track) await source.replaceTrack(track);
      await source.unmute();
    } else if (!publishing) {
      publishing = true;
      try {
        source = await room.publish(track, { kind });
        const newer = capture.track.value;
        if (newer && newer !== source.track) await source.replaceTrack(newer);
        if (!on.value) await source.mute();
      } finally {
        publishing = false;
      }
    }
  }

  function set(next: boolean): void {
    if (on.value === next) return;
    on.value = next;
    notices.dismiss(kind);
    if (next) {
      send().catch(error => {
        on.value = false;
        report(error);
      });
    } else {
      source?.mute().catch(report);
      if (kind === "camera") capture.close();
    }
  }

  const again = { label: "Try again", run: () => set(true) };

  const stopFollowing = effect(() => {
    const track = capture.track.value;
    const fault = capture.fault.value;
    untracked(() => {
      if (track && source && on.value && source.track !== track) source.replaceTrack(track).catch(report);
      if (!track && fault && source && on.value) {
        set(false);
        notices.show({ id: kind, text: faultText(capture.kind, fault), action: again });
      }
    });
  });

  const stopHealed = effect(() => {
    const label = capture.healed.value;
    if (label)
      untracked(() =>
        notices.show({ id: `${kind}-healed`, text: `The ${capture.kind} went away; now using ${label}.` }),
      );
  });

  const stopModeration = room.on("source.updated", event => {
    if (!event.by || !event.muted || event.number !== source?.number || !on.value) return;
    on.value = false;
    if (kind === "camera") capture.close();
    const text = kind === "mic" ? "A moderator muted you." : "A moderator turned your camera off.";
    notices.show({ id: kind, text, action: { label: kind === "mic" ? "Unmute" : "Turn on", run: () => set(true) } });
  });

  capture.allowed.value = room.store.get().you.grants.publish?.includes(kind) === true;
  if (!capture.allowed.value) capture.close();
  // It may be on, or still waiting for the person to allow it.
  else if (capture.state.value !== "off") set(true);

  return {
    on,
    set,
    toggle: () => set(!on.value),
    close() {
      stopFollowing();
      stopHealed();
      stopModeration();
      capture.close();
    },
  };
}
