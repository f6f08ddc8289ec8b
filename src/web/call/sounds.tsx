import { useEffect, useRef } from "preact/hooks";
import { preferences } from "../state/preferences.ts";
import { canChooseSpeaker } from "../state/use-devices.ts";
import { useCall } from "./call-context.ts";

const AUDIBLE = new Set(["mic", "screen-audio", "mix"]);

/** Everybody else's sound, whatever is in sight. */
export function Sounds() {
  const { others, mix } = useCall();
  // A media node puts another voice into a track that plays already: by track, nothing starts anew then.
  const tracks = new Set<MediaStreamTrack>();
  for (const { sources } of others.value)
    for (const { kind, track } of sources) if (track && AUDIBLE.has(kind)) tracks.add(track);
  if (mix.value) tracks.add(mix.value);
  return (
    <div hidden>
      {[...tracks].map(track => (
        <Sound key={track.id} track={track} />
      ))}
    </div>
  );
}

function Sound({ track }: { track: MediaStreamTrack }) {
  const { notices } = useCall();
  const element = useRef<HTMLAudioElement>(null);
  const speaker = preferences.speaker.value;

  useEffect(() => {
    const audio = element.current;
    if (!audio) return;
    audio.srcObject = new MediaStream([track]);
    const play = () =>
      audio.play().catch(error => {
        if ((error as DOMException).name !== "NotAllowedError") return;
        const text = "The browser holds the sound back until you ask for it.";
        notices.show({ id: "sound", text, lasting: true, action: { label: "Hear the others", run: playAll } });
      });
    void play();
    return () => {
      audio.srcObject = null;
    };
  }, [track]);

  useEffect(() => {
    // A loudspeaker that is gone leaves the browser's own choice in place.
    if (canChooseSpeaker) void element.current?.setSinkId(speaker).catch(() => undefined);
  }, [speaker]);

  // biome-ignore lint/a11y/useMediaCaption: a live conversation has no captions to show
  return <audio ref={element} autoplay />;
}

/** Starts every sound that was held back; called from a click. */
function playAll(): void {
  for (const audio of document.querySelectorAll("audio")) void audio.play().catch(() => undefined);
}
