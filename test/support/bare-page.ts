import type { Driven, PageState } from "./call-page.ts";

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

/** Keep what the page's one player hears where `expectTone` looks for it, under `identity`'s name. */
export const hearPlayer = (page: Driven, identity: string): Promise<void> =>
  page.evaluate(identity => {
    const video = document.querySelector("video") as HTMLVideoElement;
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 8192, smoothingTimeConstant: 0 });
    const mediaStream = video.srcObject as MediaStream;
    new MediaStreamAudioSourceNode(context, { mediaStream }).connect(analyser);
    const analysers: PageState["analysers"] = new Map([[`${identity}/mic/`, { analyser, audio: new Audio() }]]);
    Object.assign(window, { tandem: { context, analysers } });
  }, identity);
