import type { Capture } from "../state/capture.ts";
import { Face } from "../ui/face.tsx";
import { Toggle } from "../ui/toggle.tsx";
import { Video } from "../ui/video.tsx";

interface PreviewProps {
  readonly microphone: Capture;
  readonly camera: Capture;
  readonly name: string;
  readonly onToggle: (capture: Capture) => void;
}

/** One's own picture as a mirror shows it, with the two switches that matter. */
export function Preview({ microphone, camera, name, onToggle }: PreviewProps) {
  const track = camera.track.value;
  const opening = camera.state.value === "opening";
  return (
    <section class={`preview ${opening ? "waiting" : ""}`} aria-label="Your picture">
      {track ? (
        <Video track={track} mirrored fit="auto" />
      ) : (
        !opening && <Face name={name.trim() || "?"} shape="tile" />
      )}
      {opening && <p class="preview-note">Waiting for the camera…</p>}
      {!opening && !track && (
        <p class="preview-note">{camera.allowed.value ? "Your camera is off" : "You take part without a camera"}</p>
      )}
      <div class="preview-switches">
        {microphone.allowed.value && (
          <Toggle
            on={microphone.state.value !== "off"}
            icons={["mic", "mic-off"]}
            labels={["Turn the microphone off", "Turn the microphone on"]}
            shortcut="M"
            onClick={() => onToggle(microphone)}
            testId="mic"
          />
        )}
        {camera.allowed.value && (
          <Toggle
            on={camera.state.value !== "off"}
            icons={["camera", "camera-off"]}
            labels={["Turn the camera off", "Turn the camera on"]}
            shortcut="V"
            onClick={() => onToggle(camera)}
            testId="camera"
          />
        )}
      </div>
    </section>
  );
}
