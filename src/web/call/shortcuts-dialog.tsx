import { preferences } from "../state/preferences.ts";
import { Modal } from "../ui/modal.tsx";
import { actionsOf } from "./actions.ts";
import { useCall } from "./call-context.ts";

/** Every key and what it does. */
export function ShortcutsDialog({ leave, onClose }: { leave: () => void; onClose: () => void }) {
  const call = useCall();
  const rows = [
    ...actionsOf(call, leave),
    { key: "Esc", label: "Close the topmost thing, then unpin" },
    { key: "Arrows", label: "Move your picture, when it has the focus" },
  ];
  const on = preferences.keys.value === "on";
  return (
    <Modal title="Keyboard shortcuts" onClose={onClose}>
      <dl class="shortcuts">
        {rows.map(({ key, label }) => (
          <div key={key}>
            <dt>{label}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={on}
          onChange={event => {
            preferences.keys.value = event.currentTarget.checked ? "on" : "off";
          }}
        />
        Single keys act
      </label>
    </Modal>
  );
}
