import { MIX_SOURCE } from "../../src/protocol/index.ts";
import { pairAudio } from "./audio-plan.ts";
import type { LayerChooser } from "./choose-layer.ts";
import { pickLoudest, type Stay } from "./floating-audio.ts";
import type { ReceiverOptions, ReceiverSlot } from "./receiver-types.ts";
import { Seat, type SeatRules } from "./seat.ts";
import { assignSeats } from "./seats.ts";
import type { Source, SourceKind } from "./source.ts";
import { planVideo, type Wish } from "./video-plan.ts";

/** What a voice takes on the wire (bit/s). */
const VOICE = 60_000;

/** What a receiver must know of its room. */
export interface ReceiverRoom {
  /** All sources, in order of publication. */
  readonly sources: ReadonlyMap<number, Source>;
  readonly chooseLayer: LayerChooser;
  lastDominantAt(participant: number): number;
}

/** One participant's receiving side: which source goes into which of its slots. */
export class Receiver {
  readonly participant: number;
  readonly options: ReceiverOptions;
  private readonly room: ReceiverRoom;
  private readonly rules: SeatRules;
  private readonly video: Seat[] = [];
  private readonly paired: Seat[] = [];
  private readonly floating: Seat[] = [];
  private stays: (Stay<Source> | undefined)[] = [];
  private kinds: ReadonlySet<SourceKind>;
  /** The room's mix without this participant, while that is what it hears. */
  private mix: Source | undefined;
  private mixed: boolean | undefined;
  private wishes: readonly Wish[] | undefined;
  private pins: readonly number[] = [];
  /** Seats with a source, of video the most important first: all that {@link refresh} looks at. */
  private pictures: readonly Seat[] = [];
  private voices: readonly Seat[] = [];
  private closed = false;

  constructor(options: ReceiverOptions, room: ReceiverRoom) {
    this.options = options;
    this.participant = options.participant;
    this.kinds = options.kinds;
    this.mixed = options.mixed;
    this.room = room;
    this.rules = {
      sourceOf: number => (number === MIX_SOURCE ? this.mix : room.sources.get(number)),
      allows: source => this.kinds.has(source.kind),
      chooseLayer: room.chooseLayer,
      listener: options.listener,
      onFeed: (seat, now) => {
        // The voice follows the face.
        if (seat.sink.media === "video") this.planAudio(now);
      },
    };
    this.seat(options.slots);
  }

  /** The client's wish list, or undefined to leave the choice to the node. */
  setWishes(wishes: readonly Wish[] | undefined, now: number): void {
    this.wishes = wishes;
    this.plan(now);
  }

  /** Numbers of pinned sources, the most important first. */
  setPins(pins: readonly number[], now: number): void {
    this.pins = pins;
    this.plan(now);
  }

  /** Kinds it may receive from now on. */
  setKinds(kinds: ReadonlySet<SourceKind>, now: number): void {
    this.kinds = kinds;
    this.plan(now);
  }

  /** Whether it wants the mix, in a room that is mixed by default or isn't. */
  wantsMix(byDefault: boolean): boolean {
    return (this.mixed ?? byDefault) && this.kinds.has("mix");
  }

  /** Whether it wants the mix from now on; undefined: what the room says. */
  setMixed(mixed: boolean | undefined): void {
    this.mixed = mixed;
  }

  /** Hears a mix from now on, in one slot, and sees who speaks in another; or undefined: sources again. */
  setMix(mix: Source | undefined, now: number): void {
    if (mix === this.mix) return;
    this.mix = mix;
    this.plan(now);
  }

  /** Slots that a re-offer added. */
  addSlots(slots: readonly ReceiverSlot[], now: number): void {
    this.seat(slots);
    this.plan(now);
  }

  /** Puts sources into slots anew: the room, its speakers or what the client wants has changed. */
  plan(now: number): void {
    if (this.closed) return;
    this.planVideo(now);
    this.planAudio(now);
  }

  /** Chooses layers anew and notices what has begun to flow or has stopped. For the router, and whenever the budget changed. */
  refresh(now: number): void {
    for (const seat of this.voices) seat.apply(Number.POSITIVE_INFINITY, now);
    this.serveVideo(now);
  }

  planAudio(now: number): void {
    if (this.closed) return;
    if (this.mix !== undefined) {
      this.planMix(this.mix, now);
      return;
    }
    const audio = this.others("audio");
    if (audio.length === 0 && this.voices.length === 0) return;
    const shown = this.paired.map(seat => this.video.find(video => video.slot === seat.pairedWith)?.shown);
    const pairs = pairAudio(shown, audio);
    const rest = audio.filter(source => source.open && this.kinds.has(source.kind) && !pairs.includes(source));
    this.stays = pickLoudest(this.stays, rest, now);
    let changed = false;
    for (const [i, seat] of this.paired.entries()) changed = seat.assign(pairs[i], now) || changed;
    for (const [i, seat] of this.floating.entries()) changed = seat.assign(this.stays[i]?.voice, now) || changed;
    this.applyAudio(changed, now);
  }

  private planMix(mix: Source, now: number): void {
    this.stays = this.stays.map(() => undefined);
    let changed = false;
    for (const [i, seat] of [...this.floating, ...this.paired].entries()) {
      changed = seat.assign(i === 0 ? mix : undefined, now) || changed;
    }
    this.applyAudio(changed, now);
  }

  private applyAudio(changed: boolean, now: number): void {
    for (const seat of this.paired) seat.apply(Number.POSITIVE_INFINITY, now);
    for (const seat of this.floating) seat.apply(Number.POSITIVE_INFINITY, now);
    if (changed) this.voices = [...this.paired, ...this.floating].filter(({ source }) => source !== undefined);
  }

  /** Whether it is to see a source now. */
  watches(source: Source): boolean {
    return this.video.some(seat => seat.source === source);
  }

  /** Takes all slots from their sources. */
  close(now: number): void {
    if (this.closed) return;
    this.closed = true;
    for (const seat of [...this.video, ...this.paired, ...this.floating]) seat.close(now);
  }

  private planVideo(now: number): void {
    const { mix } = this;
    const best = planVideo({
      sources: this.others("video"),
      wishes: mix === undefined ? this.wishes : undefined,
      pins: this.pins,
      lastDominantAt: participant => this.room.lastDominantAt(participant),
    });
    const wanted = mix === undefined ? best : best.slice(0, 1);
    // By number: a source whose publisher came back finds its old seat.
    const sitting = this.video.map(seat => seat.source?.number);
    const numbers = wanted.map(source => source.number);
    for (const [i, number] of assignSeats(sitting, numbers).entries()) {
      this.video[i]!.assign(number === undefined ? undefined : this.room.sources.get(number), now);
    }
    this.pictures = wanted
      .map(source => this.video.find(seat => seat.source === source))
      .filter(seat => seat !== undefined);
    this.serveVideo(now);
    for (const seat of this.video) if (seat.source === undefined) seat.apply(0, now);
  }

  /** Shares out what the path can take, the most important picture first; that one gets its lowest layer at least. */
  private serveVideo(now: number): void {
    let room = this.options.budget?.bitsPerSecond ?? Number.POSITIVE_INFINITY;
    for (const seat of this.voices) if (seat.sink.live) room -= VOICE;
    let least = true;
    for (const seat of this.pictures) {
      const taken = seat.apply(least ? Math.max(room, 2 * lowestRate(seat.source!)) : room, now);
      if (taken > 0) least = false;
      room -= taken;
    }
  }

  private others(media: "audio" | "video"): Source[] {
    const { only } = this.options;
    const all = [...this.room.sources.values()];
    return all.filter(
      source => source.media === media && source.participant !== this.participant && (only?.has(source.number) ?? true),
    );
  }

  private seat(slots: readonly ReceiverSlot[]): void {
    for (const slot of slots) {
      const seat = new Seat(slot, this.rules);
      if (slot.sink.media === "video") this.video.push(seat);
      else if (slot.pairedWith === undefined) this.floating.push(seat);
      else this.paired.push(seat);
    }
    while (this.stays.length < this.floating.length) this.stays.push(undefined);
  }
}

/** Bits per second of the smallest layer that flows; infinite while none does. */
function lowestRate({ layers }: Source): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const { bitrate } of layers) if (bitrate > 0 && bitrate < lowest) lowest = bitrate;
  return lowest;
}
