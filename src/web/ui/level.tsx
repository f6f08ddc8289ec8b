import { useEffect, useRef } from "preact/hooks";
import { loadSpeaking } from "../state/sdk.ts";

/** How loud a microphone is, as a bar. It moves by transform only and re-renders nothing. */
export function Level({ track }: { track: MediaStreamTrack | undefined }) {
  const bar = useRef<HTMLDivElement>(null);
  const meter = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const show = (level: number) => {
      const bounded = Math.min(1, Math.max(0, level));
      if (bar.current) bar.current.style.transform = `scaleX(${bounded.toFixed(3)})`;
      meter.current?.setAttribute("aria-valuenow", String(Math.round(bounded * 100)));
    };
    show(0);
    if (!track) return;
    let stop: (() => void) | undefined;
    let gone = false;
    void loadSpeaking().then(({ watchLevel }) => {
      if (!gone) stop = watchLevel(track, ({ level }) => show(level));
    });
    return () => {
      gone = true;
      stop?.();
    };
  }, [track]);

  return (
    // biome-ignore lint/a11y/useSemanticElements: the bar of a meter element can't move by transform
    <div
      ref={meter}
      class="level"
      role="meter"
      aria-label="Microphone level"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={0}
    >
      <div ref={bar} class="level-bar" />
    </div>
  );
}
