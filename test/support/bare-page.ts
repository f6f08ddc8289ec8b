import type { Driven } from "./call-page.ts";

/** Wait until the page's one player has shown `count` more frames. */
export const expectShown = (page: Driven, count = 10, timeout = 30_000): Promise<void> =>
  page.evaluate(
    ({ count, timeout }) =>
      new Promise<void>((resolve, reject) => {
        const video = document.querySelector("video") as HTMLVideoElement;
        let shown = 0;
        const late = setTimeout(() => reject(new Error(`${shown} of ${count} frames shown`)), timeout);
        const next = (): void => {
          video.requestVideoFrameCallback(() => {
            if (++shown < count) return next();
            clearTimeout(late);
            resolve();
          });
        };
        next();
      }),
    { count, timeout },
  );

/** Wait until the page's session stands: then it may be ended. */
export const expectAnswered = (page: Driven, timeout = 30_000): Promise<void> =>
  page.evaluate(async timeout => {
    const deadline = performance.now() + timeout;
    while (!document.querySelector("button")?.onclick) {
      if (performance.now() > deadline) throw new Error("no answer");
      await new Promise(resolve => setTimeout(resolve, 50));
    }
  }, timeout);
