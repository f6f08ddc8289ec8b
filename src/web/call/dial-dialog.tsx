import { useSignal } from "@preact/signals";
import { textOf } from "../state/error-texts.ts";
import { isNumber, toNumber } from "../state/phones.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Modal } from "../ui/modal.tsx";
import { useCall } from "./call-context.ts";
import { Keypad } from "./keypad.tsx";

/** Asks for a number and calls it into the room. */
export function DialDialog({ onClose }: { onClose: () => void }) {
  const call = useCall();
  const written = useSignal("");
  const busy = useSignal(false);
  const error = useSignal<string>();
  const number = toNumber(written.value);

  const dial = async (event: Event) => {
    event.preventDefault();
    if (busy.value || !isNumber(number)) return;
    busy.value = true;
    try {
      await call.room.phones.call(number, { name: written.value.trim() });
      onClose();
    } catch (refused) {
      error.value = textOf(refused);
      busy.value = false;
    }
  };
  const write = (text: string) => {
    written.value = text;
    error.value = undefined;
  };
  return (
    <Modal title="Call a telephone" onClose={onClose}>
      <form class="stack" onSubmit={dial}>
        <Field
          label="Number"
          value={written.value}
          onInput={write}
          error={error.value}
          hint="It joins when it answers."
          input={{ type: "tel", name: "number", autocomplete: "tel", maxLength: 64 }}
        />
        <Keypad onPress={key => write(written.value + key)} />
        <Button type="submit" kind="primary" icon="phone" busy={busy.value} disabled={!isNumber(number)} testId="dial">
          Call
        </Button>
      </form>
    </Modal>
  );
}
