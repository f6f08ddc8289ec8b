import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import { Button } from "./button.tsx";

/** Puts text on the clipboard; false where the browser refuses. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

interface CopyFieldProps {
  readonly label: string;
  readonly text: string;
  readonly hint?: string;
  /** Copying it is what the page asks for. */
  readonly primary?: boolean;
}

/** A link with a button that copies it. Where copying is refused the link is selected, ready for the keyboard. */
export function CopyField({ label, text, hint, primary }: CopyFieldProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const copied = useSignal<"no" | "yes" | "refused">("no");

  useEffect(() => {
    if (copied.value !== "yes") return;
    const timer = setTimeout(() => {
      copied.value = "no";
    }, 2_000);
    return () => clearTimeout(timer);
  }, [copied.value]);

  const copy = async () => {
    copied.value = (await copyText(text)) ? "yes" : "refused";
    if (copied.value === "refused") input.current?.select();
  };

  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="copy-line">
        <input
          id={id}
          ref={input}
          class="copy-text"
          readOnly
          value={text}
          onFocus={event => event.currentTarget.select()}
          dir="ltr"
        />
        <Button kind={primary ? "primary" : "plain"} icon={copied.value === "yes" ? "check" : "link"} onClick={copy}>
          {copied.value === "yes" ? "Copied" : "Copy"}
        </Button>
      </div>
      <p class="quiet small" role="status">
        {copied.value === "refused" ? "The browser refuses to copy; the link is selected, press Ctrl+C." : hint}
      </p>
    </div>
  );
}
