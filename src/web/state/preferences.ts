import { effect, type Signal, signal } from "@preact/signals";
import { type Corner, isCorner } from "../layout/corner.ts";
import { local } from "./storage.ts";

/** A signal that is remembered in this browser. */
function remembered<T extends string>(key: string, initial: T, accept: (value: string) => value is T): Signal<T> {
  const stored = local.get(key);
  const state = signal<T>(stored !== undefined && accept(stored) ? stored : initial);
  effect(() => {
    const value = state.value;
    if (value !== initial || local.get(key) !== undefined) local.set(key, value);
  });
  return state;
}

const anything = (_value: string): _value is string => true;
const oneOf =
  <T extends string>(...values: T[]) =>
  (value: string): value is T =>
    (values as string[]).includes(value);

export type Theme = "system" | "light" | "dark";
export type Layout = "grid" | "speaker";
export type Receiving = "everybody" | "mix";

/** What this person prefers, as signals; set one and it is remembered. */
export const preferences = {
  /** The name shown to others. */
  name: remembered("name", "", anything),
  theme: remembered<Theme>("theme", "system", oneOf("system", "light", "dark")),
  layout: remembered<Layout>("layout", "grid", oneOf("grid", "speaker")),
  /** What comes from a media node: everybody, or for weak devices one sound and one picture. */
  receiving: remembered<Receiving>("receiving", "everybody", oneOf("everybody", "mix")),
  corner: remembered<Corner>("corner", "bottom-right", isCorner as (value: string) => value is Corner),
  /** Whether single keys act, WCAG 2.1.4. */
  keys: remembered<"on" | "off">("keys", "on", oneOf("on", "off")),
  /** Device ids; empty: the browser's choice. */
  microphone: remembered("microphone", "", anything),
  camera: remembered("camera", "", anything),
  speaker: remembered("speaker", "", anything),
};

/** Puts the chosen theme on the document, now and whenever it changes. */
export function applyTheme(): void {
  effect(() => {
    const theme = preferences.theme.value;
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  });
}
