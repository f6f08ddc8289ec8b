import { nameOf } from "../state/people.ts";
import { callStateOf, callStateText, isUnanswered } from "../state/phones.ts";
import { Button } from "../ui/button.tsx";
import { Modal } from "../ui/modal.tsx";
import { useCall } from "./call-context.ts";
import { Keypad } from "./keypad.tsx";

/** What can be done with a telephone in the room. */
export function PhoneDialog({ pid, onClose }: { pid: string; onClose: () => void }) {
  const { room, others, attempt } = useCall();
  const person = others.value.find(other => other.pid === pid);
  if (!person) return null;
  const state = callStateOf(person);
  const held = state === "held";
  return (
    <Modal title={nameOf(person)} onClose={onClose}>
      <p class="quiet" role="status">
        {callStateText(person) ?? "In the call"}
      </p>
      {!isUnanswered(state) && <Keypad onPress={key => attempt(room.phones.press(pid, key))} />}
      <div class="modal-buttons">
        {!isUnanswered(state) && (
          <Button onClick={() => attempt(room.phones.hold(pid, !held))}>{held ? "Take back" : "Hold"}</Button>
        )}
        <Button
          kind="primary"
          icon="leave"
          testId="hang-up"
          onClick={() => {
            attempt(room.phones.hangUp(pid));
            onClose();
          }}
        >
          Hang up
        </Button>
      </div>
    </Modal>
  );
}
