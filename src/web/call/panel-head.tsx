import { useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "../ui/icon-button.tsx";
import { useCall } from "./call-context.ts";

/** Head of a side panel. It takes the focus when the panel opens and gives it back when it closes. */
export function PanelHead({ id, title, count }: { id: string; title: string; count?: number }) {
  const { view } = useCall();
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    heading.current?.focus({ preventScroll: true });
    return () => {
      // Whoever closed it by its own button or by a key within stands on nothing now.
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <header class="panel-head">
      <h2 id={id} class="title" tabIndex={-1} ref={heading}>
        {title}
        {count !== undefined && <span class="panel-count numbers"> {count}</span>}
      </h2>
      <IconButton
        icon="close"
        label="Close"
        shortcut="Esc"
        side="bottom"
        onClick={() => {
          view.panel.value = undefined;
        }}
      />
    </header>
  );
}
