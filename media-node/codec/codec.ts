/** Codecs the forwarding plane knows; the numbers index payload type tables. */
export const CODEC_ID = { opus: 0, vp8: 1, h264: 2 } as const;

export type CodecName = keyof typeof CODEC_ID;

/** What a look at the clear first bytes of a payload tells. One record is reused. */
export interface PayloadInfo {
  /** First packet of a frame, as far as this packet alone can tell. */
  frameStart: boolean;
  /** Holds (the beginning of) a key frame or what must precede it. */
  keyFrame: boolean;
  /** Holds parameter sets, without which the key frame can't be decoded (H.264). */
  parameterSets: boolean;
  /** Numbers of the descriptor that run on through a switch, packed by the codec; 0 where it has none. */
  descriptor: number;
  /** Duration in clock units (audio), 0 for video. */
  duration: number;
}

export function createPayloadInfo(): PayloadInfo {
  return { frameStart: false, keyFrame: false, parameterSets: false, descriptor: 0, duration: 0 };
}

/**
 * All that forwarding needs to know of a codec. Stateless, and never looks beyond descriptors and the bytes
 * that end-to-end encryption leaves clear.
 */
export interface Codec {
  readonly id: number;
  readonly name: CodecName;
  readonly media: "audio" | "video";
  readonly clockRate: number;
  /** Whether {@link Codec.rewrite} has anything to do. */
  readonly hasDescriptor: boolean;
  /** Whether a sink must begin at a key frame. */
  readonly needsKeyFrame: boolean;
  /** Whether key frames may need parameter sets that come in packets of their own. */
  readonly hasParameterSets: boolean;
  /**
   * Looks at a payload. `previous` is the descriptor of the stream's newest packet, by which short numbers are extended.
   * @returns false when the descriptor doesn't fit the payload.
   */
  inspect(bytes: Uint8Array, offset: number, length: number, previous: number, out: PayloadInfo): boolean;
  /** Bytes that {@link Codec.store} adds at most. */
  readonly growth: number;
  /** Copies a payload to where it is kept, in a form whose descriptor has full-size fields. @returns its new length. */
  store(bytes: Buffer, offset: number, length: number, info: PayloadInfo, to: Buffer, at: number): number;
  /** The distance by which a new stream's descriptors must be shifted so that `next` follows `previous` directly. */
  distance(previous: number, next: number): number;
  /** A descriptor moved by a {@link Codec.distance}. */
  shift(descriptor: number, distance: number): number;
  /** Puts a descriptor's numbers into a stored payload, in place, where it has fields for them. */
  rewrite(bytes: Uint8Array, offset: number, descriptor: number): void;
}

/** The parts that codecs without a descriptor share. */
export const plainDescriptor = {
  hasDescriptor: false,
  growth: 0,
  store(bytes: Buffer, offset: number, length: number, _info: PayloadInfo, to: Buffer, at: number): number {
    bytes.copy(to, at, offset, offset + length);
    return length;
  },
  distance: () => 0,
  shift: () => 0,
  rewrite: () => {},
} as const;
