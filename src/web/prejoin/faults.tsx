import type { Capture } from "../state/capture.ts";
import { bothDeniedText, faultText } from "../state/device-faults.ts";
import { Button } from "../ui/button.tsx";

/** What keeps microphone and camera from working, if anything does, and a button to try again. */
export function Faults({ microphone, camera }: { microphone: Capture; camera: Capture }) {
  const broken = [microphone, camera].flatMap(capture =>
    capture.fault.value ? [{ captures: [capture], text: faultText(capture.kind, capture.fault.value) }] : [],
  );
  const bothDenied = microphone.fault.value === "denied" && camera.fault.value === "denied";
  const shown = bothDenied ? [{ captures: [microphone, camera], text: bothDeniedText }] : broken;
  return (
    <>
      {shown.map(({ captures, text }) => (
        <div key={text} class="fault" role="alert">
          <p>{text}</p>
          <Button
            kind="quiet"
            onClick={() => {
              for (const capture of captures) void capture.open();
            }}
          >
            Try again
          </Button>
        </div>
      ))}
    </>
  );
}
