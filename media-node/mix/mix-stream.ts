import { type AudioEncoder, type Channels, MAX_ENCODED } from "../codec/audio-codec.ts";
import { SILENT_LEVEL, soundLevel } from "../codec/pcm.ts";
import { Limiter } from "./limiter.ts";

/** Frames of silence that are still encoded, so that decoders end smoothly; after them only every so many-th is sent. */
const TAIL = 10;
const SILENCE_INTERVAL = 20;

/** One encoded mix, shared by all who hear the same. */
export class MixStream {
  /** Number by which the mixer and its user know it. */
  readonly id: number;
  /** The packet of the frame {@link encode | encoded} last. */
  readonly packet = new Uint8Array(MAX_ENCODED);
  /** How loud that frame is: dB below full scale (RFC 6464). */
  level = SILENT_LEVEL;
  /** How many listen to it. */
  listeners = 0;
  private readonly createEncoder: (channels: Channels) => AudioEncoder;
  private readonly discontinuous: boolean;
  private readonly limiter = new Limiter();
  private encoder: AudioEncoder | undefined;
  private silent = TAIL;

  /** @param discontinuous whether silence may be left out */
  constructor(id: number, createEncoder: (channels: Channels) => AudioEncoder, discontinuous: boolean) {
    this.id = id;
    this.createEncoder = createEncoder;
    this.discontinuous = discontinuous;
  }

  /**
   * Encodes the next frame, which it may change.
   * @returns length of the packet, or 0 where silence needs none.
   */
  encode(pcm: Float32Array, channels: Channels, silent: boolean): number {
    this.silent = silent ? this.silent + 1 : 0;
    if (this.discontinuous && this.silent > TAIL && this.silent % SILENCE_INTERVAL !== 0) return 0;
    if (this.encoder === undefined || (this.encoder.codec === "opus" && this.encoder.channels !== channels)) {
      this.encoder?.close();
      this.encoder = this.createEncoder(channels);
    }
    const length = this.encoder.frame * channels;
    if (!silent) this.limiter.apply(pcm, length);
    this.level = silent ? SILENT_LEVEL : soundLevel(pcm, length);
    return this.encoder.encode(pcm, 0, this.packet, 0);
  }

  close(): void {
    this.encoder?.close();
    this.encoder = undefined;
  }
}
