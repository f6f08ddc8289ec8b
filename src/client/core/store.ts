import { isolate } from "./emitter.ts";

/** An immutable value and its changes, as `useSyncExternalStore` and signals want it. */
export interface Store<T> {
  /** The value now; the same reference until it changes. */
  get(): T;
  /** Call `listener` after every change; the result stops it. */
  subscribe(listener: () => void): () => void;
}

export interface WritableStore<T> extends Store<T> {
  /** Replace the value; listeners hear of it if it is another reference. */
  set(value: T): void;
}

/** Make a store that holds `value`. */
export function createStore<T>(value: T): WritableStore<T> {
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    subscribe(listener) {
      const entry = (): void => listener();
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) isolate(listener);
    },
  };
}
