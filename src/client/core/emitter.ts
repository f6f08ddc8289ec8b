/** Typed events: `Map` is an object type of event name → what listeners receive. */
export interface Emitter<Map> {
  /** Listen until the returned function is called or `signal` aborts. */
  on<T extends keyof Map>(type: T, listener: (event: Map[T]) => void, options?: { signal?: AbortSignal }): () => void;
  emit<T extends keyof Map>(type: T, event: Map[T]): void;
}

/** Run `call`; what it throws is reported by the host as uncaught, and the caller goes on. */
export function isolate(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Make an {@link Emitter}. A listener that throws harms neither the others nor the emitter. */
export function createEmitter<Map>(): Emitter<Map> {
  const listeners = new globalThis.Map<keyof Map, Set<(event: never) => void>>();
  return {
    on(type, listener, { signal } = {}) {
      if (signal?.aborted) return () => {};
      const set = listeners.get(type) ?? new Set();
      listeners.set(type, set);
      // One entry for each call, so that the same function may listen twice.
      const entry = (event: never): void => listener(event);
      set.add(entry);
      const off = (): void => {
        set.delete(entry);
        signal?.removeEventListener("abort", off);
      };
      signal?.addEventListener("abort", off, { once: true });
      return off;
    },
    emit(type, event) {
      for (const listener of [...(listeners.get(type) ?? [])]) isolate(() => listener(event as never));
    },
  };
}
