/**
 * A live playlist (RFC 8216): the newest segments, and which initialization each needs.
 * @module
 */

export interface Segment {
  readonly name: string;
  /** Seconds. */
  readonly duration: number;
  /** Name of its initialization segment. */
  readonly init: string;
  /** Whether its timeline, or how it is to be decoded, doesn't follow from the one before. */
  readonly discontinuous: boolean;
}

export interface PlaylistState {
  readonly segments: readonly Segment[];
  /** Number of the first segment, and of discontinuities that left the list. */
  readonly sequence: number;
  readonly discontinuities: number;
  /** Seconds: no segment is longer, rounded. */
  readonly target: number;
  readonly ended: boolean;
}

export function playlistText({ segments, sequence, discontinuities, target, ended }: PlaylistState): string {
  const lines = [
    "#EXTM3U",
    "#EXT-X-VERSION:7",
    `#EXT-X-TARGETDURATION:${target}`,
    `#EXT-X-MEDIA-SEQUENCE:${sequence}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${discontinuities}`,
    "#EXT-X-INDEPENDENT-SEGMENTS",
  ];
  let init = "";
  for (const segment of segments) {
    if (segment.discontinuous) lines.push("#EXT-X-DISCONTINUITY");
    if (segment.init !== init || segment.discontinuous) lines.push(`#EXT-X-MAP:URI="${segment.init}"`);
    init = segment.init;
    lines.push(`#EXTINF:${segment.duration.toFixed(3)},`, segment.name);
  }
  if (ended) lines.push("#EXT-X-ENDLIST");
  return `${lines.join("\n")}\n`;
}
