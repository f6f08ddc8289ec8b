let tracks = 0;

/** A track without media. */
export const fakeTrack = (kind: "audio" | "video"): MediaStreamTrack =>
  ({ id: `${kind}${++tracks}`, kind, enabled: true }) as unknown as MediaStreamTrack;

/** A stream of such tracks. */
export const fakeStream = (list: MediaStreamTrack[]): MediaStream =>
  ({ getTracks: () => list }) as unknown as MediaStream;
