import { useEffect } from "preact/hooks";

/** Keeps the screen awake while the component is shown. The browser lets go when the page is hidden; it is asked again. */
export function useWakeLock(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | undefined;
    let gone = false;
    const ask = () => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      // Refused on low battery: the screen may sleep then.
      navigator.wakeLock.request("screen").then(
        granted => {
          lock = granted;
          if (gone) void granted.release();
        },
        () => undefined,
      );
    };
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      gone = true;
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, []);
}
