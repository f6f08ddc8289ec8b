import { type Signal, signal } from "@preact/signals";

export type Panel = "chat" | "people";
export type Dialog =
  | "devices"
  | "shortcuts"
  | "dial"
  | { readonly phone: string }
  | { readonly remove: string; readonly name: string };

/** What is open on the call page. */
export interface View {
  readonly panel: Signal<Panel | undefined>;
  readonly dialog: Signal<Dialog | undefined>;
  /** Key of the tile that was put on the stage by hand. */
  readonly pinned: Signal<string | undefined>;
  togglePanel(panel: Panel): void;
  togglePin(key: string): void;
  /** Closes the topmost thing that the browser doesn't close by itself; false if there is none. */
  escape(): boolean;
}

export function createView(): View {
  const panel = signal<Panel>();
  const dialog = signal<Dialog>();
  const pinned = signal<string>();
  return {
    panel,
    dialog,
    pinned,
    togglePanel(which) {
      panel.value = panel.value === which ? undefined : which;
    },
    togglePin(key) {
      pinned.value = pinned.value === key ? undefined : key;
    },
    escape() {
      if (panel.value) panel.value = undefined;
      else if (pinned.value) pinned.value = undefined;
      else return false;
      return true;
    },
  };
}
