import { type ReadonlySignal, signal } from "@preact/signals";

/** A sentence for the eye, with at most one button. */
export interface Notice {
  /** A notice replaces one of the same id. */
  readonly id: string;
  readonly text: string;
  readonly action?: { readonly label: string; run(): void };
  /** Stays until it is dismissed, instead of going by itself. */
  readonly lasting?: boolean;
}

export interface Notices {
  readonly list: ReadonlySignal<readonly Notice[]>;
  /** The newest sentences for the ear only, for a live region: joins, hands, chat. */
  readonly spoken: ReadonlySignal<readonly { readonly id: number; readonly text: string }[]>;
  show(notice: Notice): void;
  dismiss(id: string): void;
  say(text: string): void;
  close(): void;
}

/** How long a notice that goes by itself stays, in milliseconds: time to read two lines and reach the button. */
const READING_TIME = 8_000;
const SHOWN_AT_ONCE = 3;

export function createNotices(): Notices {
  const list = signal<readonly Notice[]>([]);
  const spoken = signal<readonly { id: number; text: string }[]>([]);
  const timers = new Map<string, ReturnType<typeof setTimeout>>();
  let count = 0;

  function dismiss(id: string): void {
    clearTimeout(timers.get(id));
    timers.delete(id);
    if (list.peek().some(notice => notice.id === id)) list.value = list.peek().filter(notice => notice.id !== id);
  }

  return {
    list,
    spoken,
    dismiss,
    show(notice) {
      dismiss(notice.id);
      list.value = [...list.peek(), notice].slice(-SHOWN_AT_ONCE);
      if (!notice.lasting) timers.set(notice.id, setTimeout(dismiss, READING_TIME, notice.id));
    },
    say(text) {
      spoken.value = [...spoken.peek(), { id: ++count, text }].slice(-4);
    },
    close() {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
