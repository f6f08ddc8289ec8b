import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

/** Moves focus along a menu's items by arrow keys, Home and End. */
export function onMenuKey(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role^=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = {
    ArrowDown: (at + 1) % items.length,
    ArrowUp: (at <= 0 ? items.length : at) - 1,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  items[to]?.focus();
}

interface ItemProps {
  readonly icon: IconName;
  readonly children: ComponentChildren;
  readonly shortcut?: string | undefined;
  readonly onClick: () => void;
  readonly testId?: string;
}

/** One action of a menu. */
export function MenuItem({ icon, children, shortcut, onClick, testId }: ItemProps) {
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class="menu-item"
      aria-keyshortcuts={shortcut}
      onClick={onClick}
      data-testid={testId}
    >
      <Icon name={icon} size={20} />
      <span class="menu-label">{children}</span>
      {shortcut && (
        <span class="key" aria-hidden="true">
          {shortcut}
        </span>
      )}
    </button>
  );
}

interface ChoiceProps<T extends string> {
  readonly icon: IconName;
  readonly label: string;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly value: T;
  readonly onPick: (value: T) => void;
}

/** A choice of one within a menu, side by side. */
export function MenuChoice<T extends string>({ icon, label, options, value, onPick }: ChoiceProps<T>) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no part of a menu
    <div class="menu-choice" role="group" aria-label={label}>
      <Icon name={icon} size={20} />
      <span class="menu-label" aria-hidden="true">
        {label}
      </span>
      <span class="segments">
        {options.map(option => (
          <button
            key={option.value}
            type="button"
            role="menuitemradio"
            tabIndex={-1}
            class="segment"
            aria-checked={option.value === value}
            onClick={() => onPick(option.value)}
          >
            {option.label}
          </button>
        ))}
      </span>
    </div>
  );
}
