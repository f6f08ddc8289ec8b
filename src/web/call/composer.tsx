import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { LIMITS } from "../../protocol/limits.ts";
import { exceedsBytes } from "../../protocol/names.ts";
import { IconButton } from "../ui/icon-button.tsx";

/** Where a message is written. Enter sends, Shift+Enter begins a line. */
export function Composer({ onSend }: { onSend: (text: string) => void }) {
  const text = useSignal("");
  const input = useRef<HTMLTextAreaElement>(null);
  const tooLong = exceedsBytes(text.value, LIMITS.chatBytes);

  // Before the next key is pressed: somebody who opens the chat by key goes on typing.
  useLayoutEffect(() => {
    // A phone's keyboard would cover the messages one came to read.
    if (!matchMedia("(pointer: coarse)").matches) input.current?.focus({ preventScroll: true });
  }, []);

  const send = () => {
    const tidy = text.value.trim();
    if (tidy === "" || tooLong) return;
    onSend(tidy);
    text.value = "";
    input.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={event => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={input}
        class="composer-text"
        rows={1}
        dir="auto"
        placeholder="Write to everybody"
        aria-label="Message to everybody"
        aria-invalid={tooLong || undefined}
        value={text.value}
        onInput={event => {
          text.value = event.currentTarget.value;
        }}
        onKeyDown={event => {
          if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <IconButton icon="send" label="Send" shortcut="Enter" onClick={send} testId="send" />
      {tooLong && (
        <p class="field-error" role="alert">
          That is too long; send it in parts.
        </p>
      )}
    </form>
  );
}
