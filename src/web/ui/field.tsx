import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  /** A quiet line below the field. */
  readonly hint?: ComponentChildren;
  /** What is wrong with the value; takes the hint's place. */
  readonly error?: string | undefined;
  /** A control inside the field, at its end. */
  readonly end?: ComponentChildren;
  readonly input?: InputHTMLAttributes<HTMLInputElement>;
}

/** A labelled line of text. */
export function Field({ label, value, onInput, hint, error, end, input }: FieldProps) {
  const id = useId();
  const below = error ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="field-box">
        <input
          {...input}
          id={id}
          value={value}
          onInput={event => onInput(event.currentTarget.value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={below ? `${id}-below` : undefined}
        />
        {end}
      </div>
      {below && (
        <p id={`${id}-below`} class={error ? "field-error" : "quiet small"} role={error ? "alert" : undefined}>
          {below}
        </p>
      )}
    </div>
  );
}
