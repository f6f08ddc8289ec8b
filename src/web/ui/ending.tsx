import { useEffect, useRef } from "preact/hooks";
import { Button } from "./button.tsx";

interface EndingProps {
  readonly title: string;
  readonly text: string;
  readonly action: { readonly label: string; run(): void };
}

/** A page that says what happened in one sentence and offers one way on. */
export function Ending({ title, text, action }: EndingProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <main class="page centred">
      <div class="card">
        <h1 class="title" tabIndex={-1} ref={heading}>
          {title}
        </h1>
        <p class="quiet">{text}</p>
        <Button kind="primary" onClick={() => action.run()}>
          {action.label}
        </Button>
      </div>
    </main>
  );
}
