import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./icon-button.tsx";

/** A dialog over the page, by the browser's own: focus stays inside, Escape and a click beside it close it. */
export function Modal({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const id = useId();
  const element = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    // Not the first control, whose tip would hide what the dialog shows.
    heading.current?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class="modal"
      aria-labelledby={id}
      closedby="any"
      onCancel={event => {
        event.preventDefault();
        onClose();
      }}
      onClose={onClose}
    >
      <div class="modal-box">
        <header class="modal-head">
          <h2 class="title" id={id} tabIndex={-1} ref={heading}>
            {title}
          </h2>
          <IconButton icon="close" label="Close" shortcut="Esc" onClick={onClose} side="bottom" />
        </header>
        {children}
      </div>
    </dialog>
  );
}
