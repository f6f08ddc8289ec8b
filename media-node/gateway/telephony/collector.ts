/** A caller has so long (ms) to begin, and from one key to the next. */
const FIRST = 15_000;
const NEXT = 6_000;

/** Keys that a caller was asked for. */
export interface Collector {
  /** Takes up to so many from now on. */
  ask(most: number): void;
  add(key: string): void;
  close(): void;
}

/** @param done told of what came: up to #, as many as were asked for, or what there was in time */
export function createCollector(done: (digits: string) => void): Collector {
  let most = 0;
  let digits = "";
  let timer: ReturnType<typeof setTimeout> | undefined;

  function finish(): void {
    clearTimeout(timer);
    most = 0;
    done(digits);
  }

  return {
    ask(count) {
      clearTimeout(timer);
      most = count;
      digits = "";
      timer = setTimeout(finish, FIRST);
    },
    add(key) {
      if (most === 0) return;
      clearTimeout(timer);
      if (key !== "#") digits += key;
      if (key === "#" || digits.length >= most) finish();
      else timer = setTimeout(finish, NEXT);
    },
    close() {
      clearTimeout(timer);
      most = 0;
    },
  };
}
