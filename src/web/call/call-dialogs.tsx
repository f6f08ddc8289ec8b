import { DevicePickers } from "../prejoin/device-pickers.tsx";
import { Modal } from "../ui/modal.tsx";
import { useCall } from "./call-context.ts";
import { DialDialog } from "./dial-dialog.tsx";
import { PhoneDialog } from "./phone-dialog.tsx";
import { RemoveDialog } from "./remove-dialog.tsx";
import { ShortcutsDialog } from "./shortcuts-dialog.tsx";

/** Whichever dialog is open. */
export function CallDialogs({ leave }: { leave: () => void }) {
  const { view, microphone, camera } = useCall();
  const dialog = view.dialog.value;
  const close = () => {
    view.dialog.value = undefined;
  };
  if (dialog === undefined) return null;
  if (dialog === "shortcuts") return <ShortcutsDialog leave={leave} onClose={close} />;
  if (dialog === "devices")
    return (
      <Modal title="Devices" onClose={close}>
        <div class="stack">
          <DevicePickers microphone={microphone} camera={camera} />
        </div>
      </Modal>
    );
  if (dialog === "dial") return <DialDialog onClose={close} />;
  if ("phone" in dialog) return <PhoneDialog pid={dialog.phone} onClose={close} />;
  return <RemoveDialog pid={dialog.remove} name={dialog.name} onClose={close} />;
}
