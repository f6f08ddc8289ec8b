/** A browser storage that may be full, forbidden or absent: reading then finds nothing and writing does nothing. */
export interface Shelf {
  get(key: string): string | undefined;
  set(key: string, value: string | undefined): void;
}

/** Wraps a `Storage`. It is asked for anew each time: merely touching it throws where cookies are blocked. */
export const createShelf = (storage: () => Storage): Shelf => ({
  get(key) {
    try {
      return storage().getItem(`tandem.${key}`) ?? undefined;
    } catch {
      return undefined;
    }
  },
  set(key, value) {
    try {
      if (value === undefined) storage().removeItem(`tandem.${key}`);
      else storage().setItem(`tandem.${key}`, value);
    } catch {
      // Nothing depends on being remembered.
    }
  },
});

/** Kept in this browser: preferences, never secrets. */
export const local = createShelf(() => localStorage);
/** Kept in this tab: invitations. */
export const session = createShelf(() => sessionStorage);
