import { Button } from "../ui/button.tsx";
import { Modal } from "../ui/modal.tsx";
import { useCall } from "./call-context.ts";

/** Asks before somebody is removed: it can't be taken back. */
export function RemoveDialog({ pid, name, onClose }: { pid: string; name: string; onClose: () => void }) {
  const call = useCall();
  return (
    <Modal title={`Remove ${name}?`} onClose={onClose}>
      <p class="quiet">They leave the call at once and are told that a moderator removed them.</p>
      <div class="modal-buttons">
        <Button onClick={onClose}>Cancel</Button>
        <Button
          kind="primary"
          testId="confirm-remove"
          onClick={() => {
            call.attempt(call.room.remove(pid));
            onClose();
          }}
        >
          Remove
        </Button>
      </div>
    </Modal>
  );
}
