import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface VideoProps {
  readonly track: MediaStreamTrack;
  readonly mirrored?: boolean;
  /** How the picture meets its box: it fills it (`cover`), does so unless that hides too much (`auto`), or is shown whole. */
  readonly fit?: "cover" | "contain" | "auto";
  /** Told the picture's width / height whenever it changes. */
  readonly onShape?: (shape: number) => void;
  /** Told once frames are shown. */
  readonly onPicture?: () => void;
}

/** The largest part of a side that a picture may lose to fill its box: a third for people, a pixel's worth for text. */
const LARGEST_CUT = { auto: 0.36, contain: 0.015, cover: 1 };

/** The part of a side that a picture of one shape loses in a box of another that it fills. */
const cutOf = (picture: number, box: number) => 1 - Math.min(picture / box, box / picture);

/** A video track. Sound never comes from here; it is faded in with its first frame. */
export function Video({ track, mirrored, fit = "cover", onShape, onPicture }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState(false);
  const [cut, setCut] = useState(0);

  useLayoutEffect(() => {
    const video = element.current;
    if (!video) return;
    setShown(false);
    const measure = () => {
      if (!video.videoWidth || !video.clientHeight) return;
      const shape = video.videoWidth / video.videoHeight;
      setCut(cutOf(shape, video.clientWidth / video.clientHeight));
      onShape?.(shape);
    };
    const picture = () => {
      measure();
      setShown(true);
      onPicture?.();
    };
    const boxes = new ResizeObserver(measure);
    boxes.observe(video);
    video.addEventListener("loadeddata", picture);
    video.addEventListener("resize", measure);
    video.srcObject = new MediaStream([track]);
    // Muted video may always play; a rejection here means only that the element went away.
    video.play().catch(() => undefined);
    return () => {
      boxes.disconnect();
      video.removeEventListener("loadeddata", picture);
      video.removeEventListener("resize", measure);
      video.srcObject = null;
    };
  }, [track]);

  return (
    <video
      ref={element}
      class={`video ${mirrored ? "mirrored" : ""} ${cut > LARGEST_CUT[fit] ? "contain" : ""} ${shown ? "shown" : ""}`}
      autoplay
      playsInline
      muted
      disablePictureInPicture
    />
  );
}
