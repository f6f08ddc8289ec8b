import { useLayoutEffect, useRef, useState } from "preact/hooks";

interface VideoProps {
  readonly track: MediaStreamTrack;
  readonly mirrored?: boolean;
  /** How the picture meets its box; `auto` fills it unless that would hide too much. */
  readonly fit?: "cover" | "contain" | "auto";
  /** Told the picture's width / height whenever it changes. */
  readonly onShape?: (shape: number) => void;
  /** Told once frames are shown. */
  readonly onPicture?: () => void;
}

/** A picture may lose at most this part of a side to fill its box. */
const LARGEST_CUT = 0.36;

/** Whether a picture of one shape may fill a box of another. */
const mayFill = (picture: number, box: number) => 1 - Math.min(picture / box, box / picture) <= LARGEST_CUT;

/** A video track. Sound never comes from here; it is faded in with its first frame. */
export function Video({ track, mirrored, fit = "cover", onShape, onPicture }: VideoProps) {
  const element = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState(false);
  const [fills, setFills] = useState(true);

  useLayoutEffect(() => {
    const video = element.current;
    if (!video) return;
    setShown(false);
    const measure = () => {
      if (!video.videoWidth || !video.clientHeight) return;
      const shape = video.videoWidth / video.videoHeight;
      setFills(mayFill(shape, video.clientWidth / video.clientHeight));
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

  const contain = fit === "contain" || (fit === "auto" && !fills);
  return (
    <video
      ref={element}
      class={`video ${mirrored ? "mirrored" : ""} ${contain ? "contain" : ""} ${shown ? "shown" : ""}`}
      autoplay
      playsInline
      muted
      disablePictureInPicture
    />
  );
}
