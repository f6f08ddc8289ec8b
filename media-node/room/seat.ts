import type { LayerChooser } from "./choose-layer.ts";
import type { ReceiverListener, ReceiverSlot, SlotState } from "./receiver-types.ts";
import type { Sink } from "./sink.ts";
import type { Source } from "./source.ts";

/** The old picture goes on for so long (ms) while a new source doesn't begin. */
const PATIENCE = 2_000;

/** What a seat must know of its room. */
export interface SeatRules {
  /** The source behind a number, or undefined when it is gone. */
  sourceOf(number: number): Source | undefined;
  /** Whether a receiver may get a source at all. */
  allows(source: Source): boolean;
  readonly chooseLayer: LayerChooser;
  readonly listener: ReceiverListener;
  /** A sink began to take another layer. */
  onFeed(seat: Seat, now: number): void;
}

/** One slot of a receiver and the source the router put there. */
export class Seat {
  readonly slot: number;
  readonly sink: Sink;
  readonly pairedWith: number | undefined;
  /** Whom the router put here; see {@link Seat.shown} for what is there by now. */
  source: Source | undefined;
  private readonly rules: SeatRules;
  private since = 0;
  private toldSource = 0;
  private toldState: SlotState = "empty";

  constructor(slot: ReceiverSlot, rules: SeatRules) {
    this.slot = slot.slot;
    this.sink = slot.sink;
    this.pairedWith = slot.pairedWith;
    this.rules = rules;
    this.sink.onFeed = (layer, now) => {
      this.tell(layer.sourceNumber, "live");
      rules.onFeed(this, now);
    };
  }

  /** The source the receiver sees or hears here now, or would if it weren't held up. */
  get shown(): Source | undefined {
    const { feed, live } = this.sink;
    return feed !== undefined && live ? this.rules.sourceOf(feed.sourceNumber) : this.source;
  }

  /** Puts a source here, or none; {@link apply} makes it so. @returns whether that is a change. */
  assign(source: Source | undefined, now: number): boolean {
    if (source === this.source) return false;
    this.source = source;
    this.since = now;
    return true;
  }

  /**
   * Makes the sink take what the seat's source now offers, and tells what changed.
   * @param room bits per second that are left for it.
   * @returns how much of that it takes.
   */
  apply(room: number, now: number): number {
    this.dropStaleFeed(now);
    const { source, sink } = this;
    if (source === undefined) return this.idle(0, "empty", now);
    const obstacle = this.obstacle(source);
    if (obstacle !== undefined) return this.idle(source.number, obstacle, now);
    const current = source.layers.find(layer => layer === sink.selected);
    const layer = this.rules.chooseLayer({ source, current, room }, now);
    if (layer === undefined && source.lastArrival !== Number.NEGATIVE_INFINITY) {
      return this.idle(source.number, "no-bandwidth", now);
    }
    if (layer !== undefined) sink.select(layer, now);
    if (sink.live && sink.feed?.sourceNumber === source.number) this.tell(source.number, "live");
    else if (!sink.live && source.media === "video") this.tell(source.number, "waiting-key-frame");
    // Audio needs no key frame: until its first packet nobody is there.
    else if (!sink.live) this.tell(0, "empty");
    return layer?.bitrate ?? 0;
  }

  /** Leaves the slot without a word: its session ends. */
  close(now: number): void {
    this.sink.onFeed = undefined;
    this.sink.select(undefined, now);
  }

  /**
   * The old picture goes on until the new one begins, but not when its source is gone or may not be sent any more.
   * An old voice ends at once: it would be heard with the wrong face.
   */
  private dropStaleFeed(now: number): void {
    const { feed } = this.sink;
    if (feed === undefined) return;
    const feeding = this.rules.sourceOf(feed.sourceNumber);
    const gone = feeding === undefined || !feeding.layers.includes(feed) || this.obstacle(feeding) !== undefined;
    const replaced = feeding !== this.source && (this.sink.media === "audio" || now - this.since > PATIENCE);
    if (gone || replaced) this.sink.stop();
  }

  private obstacle(source: Source): SlotState | undefined {
    if (!source.granted || !this.rules.allows(source)) return "no-grant";
    if (source.muted) return "muted";
    return this.sink.takes(source.codec) ? undefined : "unsupported-codec";
  }

  private idle(source: number, state: SlotState, now: number): 0 {
    this.sink.select(undefined, now);
    this.tell(source, state);
    return 0;
  }

  private tell(source: number, state: SlotState): void {
    if (source === this.toldSource && state === this.toldState) return;
    this.toldSource = source;
    this.toldState = state;
    this.rules.listener.slotChanged({ slot: this.slot, source, state });
  }
}
