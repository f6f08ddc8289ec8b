import type { ReadonlySignal } from "@preact/signals";

/** What only screen readers say: each new line once. */
export function Live({ lines }: { lines: ReadonlySignal<readonly { readonly id: number; readonly text: string }[]> }) {
  return (
    <div class="hidden-visually" role="log" aria-live="polite" aria-label="What happens in the room">
      {lines.value.map(line => (
        <p key={line.id}>{line.text}</p>
      ))}
    </div>
  );
}
