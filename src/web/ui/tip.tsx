/** The label of the button it stands in, on hover and focus. Screen readers have the button's own name. */
export function Tip({
  text,
  shortcut,
  side = "top",
}: {
  text: string;
  shortcut?: string | undefined;
  side?: "top" | "bottom" | "start";
}) {
  return (
    <span class={`tip ${side}`} aria-hidden="true">
      {text}
      {shortcut && <kbd>{shortcut}</kbd>}
    </span>
  );
}
