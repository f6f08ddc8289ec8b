import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";
import { Tip } from "./tip.tsx";

interface ToggleProps {
  readonly on: boolean;
  /** Icon while on, icon while off. */
  readonly icons: readonly [IconName, IconName];
  /** What a click does while on, what it does while off. */
  readonly labels: readonly [string, string];
  readonly shortcut: string;
  /** How the two states look: `source` is plain on and inverted off; `live` is lit on; `drawer` is pressed while open. */
  readonly look?: "source" | "live" | "drawer";
  readonly onClick: () => void;
  readonly testId?: string;
  /** A mark on the button. */
  readonly children?: ComponentChildren;
}

/** A control with two states, told apart by shape, name and ground. Its name says what a click does. */
export function Toggle({ on, icons, labels, shortcut, look = "source", onClick, testId, children }: ToggleProps) {
  const label = on ? labels[0] : labels[1];
  return (
    <button
      type="button"
      class={`toggle ${look} ${on ? "on" : "off"}`}
      aria-label={label}
      aria-expanded={look === "drawer" ? on : undefined}
      aria-keyshortcuts={shortcut}
      onClick={onClick}
      data-testid={testId}
      data-on={on}
    >
      <Icon name={on ? icons[0] : icons[1]} />
      {children}
      <Tip text={label} shortcut={shortcut} />
    </button>
  );
}
