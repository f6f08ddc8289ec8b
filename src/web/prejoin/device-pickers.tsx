import type { Capture } from "../state/capture.ts";
import { preferences } from "../state/preferences.ts";
import { canChooseSpeaker, useDevices } from "../state/use-devices.ts";
import { Level } from "../ui/level.tsx";
import { Picker } from "../ui/picker.tsx";

interface DevicePickersProps {
  readonly microphone: Capture;
  readonly camera: Capture;
}

interface Choice {
  readonly deviceId: string;
  readonly label: string;
}

const optionsOf = (devices: readonly Choice[], none: string) =>
  devices.length === 0
    ? [{ value: "", label: none }]
    : devices.map(({ deviceId, label }, index) => ({ value: deviceId, label: label || `Device ${index + 1}` }));

/** The device that is chosen: the one open now, else the remembered one if it is there, else the first. */
const chosen = (devices: readonly Choice[], open: MediaStreamTrack | undefined, remembered: string) =>
  open?.getSettings().deviceId ??
  devices.find(({ deviceId }) => deviceId === remembered)?.deviceId ??
  devices[0]?.deviceId ??
  "";

/** Microphone with its level, camera, and loudspeaker where the browser lets one choose. */
export function DevicePickers({ microphone, camera }: DevicePickersProps) {
  const devices = useDevices(microphone.track.value, camera.track.value);
  const speakers = devices.speakers;
  return (
    <>
      {microphone.allowed.value && (
        <Picker
          label="Microphone"
          icon="mic"
          options={optionsOf(devices.microphones, "No microphone found")}
          value={chosen(devices.microphones, microphone.track.value, preferences.microphone.value)}
          onPick={id => void microphone.choose(id)}
          disabled={devices.microphones.length === 0}
          below={<Level track={microphone.track.value} />}
        />
      )}
      {camera.allowed.value && (
        <Picker
          label="Camera"
          icon="camera"
          options={optionsOf(devices.cameras, "No camera found")}
          value={chosen(devices.cameras, camera.track.value, preferences.camera.value)}
          onPick={id => void camera.choose(id)}
          disabled={devices.cameras.length === 0}
        />
      )}
      {canChooseSpeaker && speakers.length > 1 && (
        <Picker
          label="Loudspeaker"
          icon="sound"
          options={optionsOf(speakers, "")}
          value={chosen(speakers, undefined, preferences.speaker.value)}
          onPick={id => {
            preferences.speaker.value = id;
          }}
        />
      )}
    </>
  );
}
