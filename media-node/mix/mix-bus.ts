import type { AudioEncoder, Channels, SampleRate } from "../codec/audio-codec.ts";
import type { OpusFactory } from "../codec/opus-audio.ts";
import { createPlayout, type Playout } from "../playout/playout.ts";
import {
  createInputDecoder,
  createMixEncoder,
  formatKey,
  frameUnits,
  isDiscontinuous,
  type MixFormat,
  maxChannels,
} from "./mix-format.ts";
import type { MixInput } from "./mix-input.ts";
import { MixStream } from "./mix-stream.ts";
import { addSound } from "./sum.ts";

/** Who has been heard gets a mix of its own for so many frames (3 s) more: pauses between words change nothing. */
const OWN_FRAMES = 150;
/** Once stereo, a mix stays so for as many frames (10 s). */
const STEREO_FRAMES = 500;

/** Takes a packet of a mix, and how loud it is (dB below full scale): bytes are valid during the call. */
export type PacketTaker = (stream: number, timestamp: number, level: number, bytes: Uint8Array, length: number) => void;

/** One input's sound at a bus's rate. */
interface Voice {
  readonly input: MixInput;
  readonly playout: Playout;
  readonly pcm: Float32Array;
  heard: boolean;
}

/** A participant that has lately been heard. */
interface Own {
  readonly stream: MixStream;
  left: number;
}

export interface MixBusOptions {
  readonly opus: OpusFactory;
  readonly format: MixFormat;
  /** Gives new streams their numbers. */
  readonly nextStream: () => number;
}

/** All mixes of a room in one format: one for all who are silent, and one without themselves for each who is heard. */
export class MixBus {
  readonly format: MixFormat;
  /** How many take a mix here. */
  listeners = 0;
  private readonly options: MixBusOptions;
  private readonly samples: number;
  private readonly voices = new Map<number, Voice>();
  private readonly total: Float32Array;
  private readonly frame: Float32Array;
  private readonly shared: MixStream;
  /** By participant. */
  private readonly own = new Map<number, Own>();
  private stereo = 0;

  constructor(options: MixBusOptions) {
    this.options = options;
    this.format = options.format;
    this.samples = options.format.rate / 50;
    this.total = new Float32Array(this.samples * 2);
    this.frame = new Float32Array(this.samples * 2);
    this.shared = this.createStream();
  }

  get key(): string {
    return formatKey(this.format);
  }

  /** The mix for a participant. */
  streamFor(participant: number): MixStream {
    return this.own.get(participant)?.stream ?? this.shared;
  }

  addInput(input: MixInput): void {
    const { opus } = this.options;
    const rate: SampleRate = this.format.rate;
    const playout = createPlayout({
      rate,
      createDecoder: (codec, channels) => createInputDecoder(opus, codec, rate, channels),
    });
    this.voices.set(input.number, { input, playout, pcm: new Float32Array(this.samples * 2), heard: false });
  }

  removeInput(number: number): void {
    this.voices.get(number)?.playout.close();
    this.voices.delete(number);
  }

  playoutOf(number: number): Playout | undefined {
    return this.voices.get(number)?.playout;
  }

  /** Decodes what selected inputs have for this frame. @returns whether somebody came or went who has a mix of their own. */
  hear(now: number, listens: (participant: number) => boolean): boolean {
    let changed = false;
    for (const voice of this.voices.values()) {
      const { input, playout } = voice;
      voice.heard = input.selected && playout.pull(voice.pcm, 0, now);
      if (!input.selected) playout.skip();
      if (!voice.heard) continue;
      if (playout.channels > 1 && maxChannels(this.format) > 1) this.stereo = STEREO_FRAMES;
      const { participant } = input;
      const own = this.own.get(participant);
      if (own !== undefined) own.left = OWN_FRAMES;
      else if (listens(participant)) {
        this.own.set(participant, { stream: this.createStream(), left: OWN_FRAMES });
        changed = true;
      }
    }
    for (const [participant, own] of this.own) {
      if (own.left-- > 0 && listens(participant)) continue;
      this.own.delete(participant);
      own.stream.close();
      changed = true;
    }
    return changed;
  }

  /** Mixes and encodes what {@link hear} brought. `tick` counts frames. */
  mix(tick: number, take: PacketTaker): void {
    const channels: Channels = this.stereo > 0 ? 2 : 1;
    if (this.stereo > 0) this.stereo--;
    const { total } = this;
    total.fill(0);
    let heard = 0;
    for (const voice of this.voices.values()) {
      if (!voice.heard) continue;
      heard++;
      addSound(total, channels, voice.pcm, voice.playout.channels, this.samples, 1);
    }
    if (this.shared.listeners > 0) {
      this.frame.set(total);
      this.send(this.shared, channels, heard === 0, tick, take);
    }
    for (const [participant, { stream }] of this.own) {
      if (stream.listeners === 0) continue;
      this.frame.set(total);
      let others = heard;
      for (const voice of this.voices.values()) {
        if (!voice.heard || voice.input.participant !== participant) continue;
        others--;
        addSound(this.frame, channels, voice.pcm, voice.playout.channels, this.samples, -1);
      }
      // A difference of sums leaves rounding errors, which are not to be heard alone.
      if (others === 0) this.frame.fill(0);
      this.send(stream, channels, others === 0, tick, take);
    }
  }

  close(): void {
    for (const { playout } of this.voices.values()) playout.close();
    for (const { stream } of this.own.values()) stream.close();
    this.shared.close();
    this.voices.clear();
    this.own.clear();
  }

  private send(stream: MixStream, channels: Channels, silent: boolean, tick: number, take: PacketTaker): void {
    const length = stream.encode(this.frame, channels, silent);
    if (length > 0) take(stream.id, (tick * frameUnits(this.format)) >>> 0, stream.level, stream.packet, length);
  }

  private createStream(): MixStream {
    const { opus, format, nextStream } = this.options;
    const encoder = (channels: Channels): AudioEncoder => createMixEncoder(opus, format, channels);
    return new MixStream(nextStream(), encoder, isDiscontinuous(format));
  }
}
