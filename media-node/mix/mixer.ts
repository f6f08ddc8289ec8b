/**
 * A room's mixes. Sans-I/O: packets and times in, packets out.
 * @module
 */
import type { AudioCodecName } from "../codec/audio-codec.ts";
import type { OpusFactory } from "../codec/opus-audio.ts";
import { pickLoudest, type Stay } from "../room/floating-audio.ts";
import { MixBus, type PacketTaker } from "./mix-bus.ts";
import { formatKey, type MixFormat } from "./mix-format.ts";
import { MixInput } from "./mix-input.ts";
import type { MixStream } from "./mix-stream.ts";

/** The loudest are chosen anew every so many frames. */
const CHOICE_INTERVAL = 3;

export interface MixerOptions {
  readonly opus: OpusFactory;
  /** A listener hears this stream from now on. */
  readonly onAssign: (listener: number, stream: number) => void;
}

interface Listener {
  readonly participant: number;
  readonly bus: MixBus;
  stream: MixStream;
}

/** Everybody's sound in, for each listener the sum of the others out. */
export class Mixer {
  private readonly options: MixerOptions;
  private readonly inputs = new Map<number, MixInput>();
  private readonly listeners = new Map<number, Listener>();
  /** How many listeners a participant has. */
  private readonly listening = new Map<number, number>();
  private readonly buses = new Map<string, MixBus>();
  private stays: (Stay<MixInput> | undefined)[] = [];
  private streams = 0;
  private nextChoice = 0;
  private closed = false;

  constructor(options: MixerOptions) {
    this.options = options;
  }

  /** How many inputs are decoded now. */
  get voices(): number {
    return this.stays.filter(stay => stay !== undefined).length;
  }

  /** Adds a source of a participant, by its number. */
  addInput(number: number, participant: number): void {
    if (this.closed || this.inputs.has(number)) return;
    const input = new MixInput(number, participant);
    this.inputs.set(number, input);
    for (const bus of this.buses.values()) bus.addInput(input);
    this.nextChoice = 0;
  }

  removeInput(number: number): void {
    if (!this.inputs.delete(number)) return;
    for (const bus of this.buses.values()) bus.removeInput(number);
    this.nextChoice = 0;
  }

  /**
   * Takes an input's packet.
   * @param level RFC 6464 level, 0 loudest to 127, -1 unknown.
   */
  push(
    number: number,
    codec: AudioCodecName,
    sequence: number,
    timestamp: number,
    level: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: number,
  ): void {
    const input = this.inputs.get(number);
    if (input === undefined) return;
    input.level = level;
    input.arrival = now;
    for (const bus of this.buses.values()) {
      bus.playoutOf(number)?.push(codec, sequence, timestamp, bytes, offset, length, now);
    }
  }

  /** Somebody hears the mix from now on, without the inputs of `participant`. */
  addListener(listener: number, participant: number, format: MixFormat): void {
    if (this.closed || this.listeners.has(listener)) return;
    const bus = this.buses.get(formatKey(format)) ?? this.openBus(format);
    bus.listeners++;
    this.listening.set(participant, (this.listening.get(participant) ?? 0) + 1);
    const stream = bus.streamFor(participant);
    stream.listeners++;
    this.listeners.set(listener, { participant, bus, stream });
    this.options.onAssign(listener, stream.id);
  }

  removeListener(number: number): void {
    const listener = this.listeners.get(number);
    if (listener === undefined) return;
    this.listeners.delete(number);
    const { participant, bus, stream } = listener;
    stream.listeners--;
    const left = this.listening.get(participant)! - 1;
    if (left > 0) this.listening.set(participant, left);
    else this.listening.delete(participant);
    if (--bus.listeners > 0) return;
    this.buses.delete(bus.key);
    bus.close();
  }

  /**
   * Mixes the next 20 ms.
   * @param tick counts frames; one that was left out leaves a hole in the timestamps, too.
   * @param maxVoices how many inputs are decoded at most.
   */
  tick(tick: number, maxVoices: number, take: PacketTaker, now: number): void {
    for (const input of this.inputs.values()) input.loudness.sample(input.level, input.arrival, now);
    if (tick >= this.nextChoice || this.stays.length !== maxVoices) this.choose(tick, maxVoices, now);
    for (const bus of this.buses.values()) {
      if (bus.hear(now, participant => this.listening.has(participant))) this.assign(bus);
      bus.mix(tick, take);
    }
  }

  /** Idempotent. */
  close(): void {
    this.closed = true;
    for (const bus of this.buses.values()) bus.close();
    this.buses.clear();
    this.inputs.clear();
    this.listeners.clear();
  }

  private choose(tick: number, maxVoices: number, now: number): void {
    this.nextChoice = tick + CHOICE_INTERVAL;
    let stays = this.stays.filter(stay => stay !== undefined);
    if (stays.length > maxVoices) stays = stays.sort((a, b) => a.voice.loudness.level - b.voice.loudness.level);
    const slots = Array.from({ length: maxVoices }, (_, i) => stays[i]);
    this.stays = pickLoudest(slots, [...this.inputs.values()], now);
    for (const input of this.inputs.values()) input.selected = this.stays.some(stay => stay?.voice === input);
  }

  private assign(bus: MixBus): void {
    for (const [number, listener] of this.listeners) {
      const stream = bus.streamFor(listener.participant);
      if (listener.bus !== bus || stream === listener.stream) continue;
      listener.stream.listeners--;
      stream.listeners++;
      listener.stream = stream;
      this.options.onAssign(number, stream.id);
    }
  }

  private openBus(format: MixFormat): MixBus {
    const { opus } = this.options;
    const bus = new MixBus({ opus, format, nextStream: () => ++this.streams });
    this.buses.set(bus.key, bus);
    for (const input of this.inputs.values()) bus.addInput(input);
    return bus;
  }
}

export function createMixer(options: MixerOptions): Mixer {
  return new Mixer(options);
}
