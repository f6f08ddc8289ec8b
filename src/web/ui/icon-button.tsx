import { Icon, type IconName } from "./icon.tsx";
import { Tip } from "./tip.tsx";

interface IconButtonProps {
  readonly icon: IconName;
  /** Its name, for the tooltip and for screen readers: what a click does. */
  readonly label: string;
  /** The key that does the same. */
  readonly shortcut?: string | undefined;
  readonly onClick: () => void;
  readonly size?: "small" | "normal";
  readonly side?: "top" | "bottom" | "start";
  readonly testId?: string;
}

/** A button without words. */
export function IconButton({ icon, label, shortcut, onClick, size = "normal", side = "top", testId }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${size}`}
      aria-label={label}
      aria-keyshortcuts={shortcut}
      onClick={onClick}
      data-testid={testId}
    >
      <Icon name={icon} size={size === "small" ? 18 : 22} />
      <Tip text={label} shortcut={shortcut} side={side} />
    </button>
  );
}
