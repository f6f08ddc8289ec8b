import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Icon, type IconName } from "./icon.tsx";

interface PickerProps {
  readonly label: string;
  readonly icon: IconName;
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly value: string;
  readonly onPick: (value: string) => void;
  readonly disabled?: boolean;
  readonly below?: ComponentChildren;
}

/** A labelled choice of one. The browser's own list, which every hand and screen reader knows. */
export function Picker({ label, icon, options, value, onPick, disabled, below }: PickerProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-box picker">
        <Icon name={icon} size={20} />
        <select id={id} value={value} disabled={disabled} onChange={event => onPick(event.currentTarget.value)}>
          {options.map(option => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
        <Icon name="down" size={18} />
      </div>
      {below}
    </div>
  );
}
