import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icon.tsx";

interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly kind?: "primary" | "plain" | "quiet";
  readonly icon?: IconName;
  readonly type?: "button" | "submit";
  /** Work is under way: it says so and takes no second click. */
  readonly busy?: boolean;
  readonly disabled?: boolean;
  readonly testId?: string;
}

/** A button with words. One primary button a page. */
export function Button({
  children,
  onClick,
  kind = "plain",
  icon,
  type = "button",
  busy,
  disabled,
  testId,
}: ButtonProps) {
  return (
    <button
      type={type}
      class={`button ${kind}`}
      onClick={busy ? undefined : onClick}
      disabled={disabled}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      data-testid={testId}
    >
      {icon && <Icon name={icon} size={20} />}
      <span>{children}</span>
    </button>
  );
}
