import type { FlushList } from "./flush-list.ts";
import { type QueueOwner, SendQueue } from "./send-queue.ts";
import { Slot, type SlotOptions } from "./slot.ts";
import { type Protector, type RunSink, Writer } from "./writer.ts";

const QUEUE_LIMIT = 1024;

/** What a session's sending side is made of. */
export interface OutboundOptions {
  readonly protector: Protector;
  readonly runs: RunSink;
  readonly flushes: FlushList;
  /** Called after packets left, when some slot's timeline has a new beginning ({@link Slot.reportDue}). */
  readonly onReportDue: (now: number) => void;
}

/** All that one session sends: its slots, the queue they share, and the writer that empties it. */
export class Outbound implements QueueOwner {
  /** By {@link Slot.id}. */
  readonly slots: Slot[] = [];
  readonly writer: Writer;
  private readonly queue: SendQueue;
  private readonly flushes: FlushList;
  private readonly bySsrc = new Map<number, Slot>();
  private readonly onReportDue: (now: number) => void;
  private closed = false;

  constructor(options: OutboundOptions) {
    this.writer = new Writer(options.protector, options.runs);
    this.queue = new SendQueue(QUEUE_LIMIT, this);
    this.flushes = options.flushes;
    this.onReportDue = options.onReportDue;
  }

  /** Adds a receiving m-line. Its SSRCs must be new. */
  addSlot(options: Omit<SlotOptions, "id">): Slot {
    const slot = new Slot({ ...options, id: this.slots.length }, this.queue);
    this.slots.push(slot);
    this.bySsrc.set(slot.ssrc, slot);
    return slot;
  }

  /** The slot that sends media with this SSRC. */
  slotOf(ssrc: number): Slot | undefined {
    return this.bySsrc.get(ssrc);
  }

  /** Sends what is queued. */
  flush(now: number): void {
    this.queue.waiting = false;
    this.drain(now);
    if (!this.queue.reportDue) return;
    this.queue.reportDue = false;
    this.onReportDue(now);
  }

  /** Takes every slot from its source; what is queued is dropped. */
  close(now: number): void {
    if (this.closed) return;
    this.closed = true;
    this.writer.path = -1;
    for (const slot of this.slots) slot.select(undefined, now);
  }

  queued(): void {
    this.flushes.add(this);
  }

  drain(now: number): void {
    this.writer.drain(this.queue, this.slots, now);
  }
}

export function createOutbound(options: OutboundOptions): Outbound {
  return new Outbound(options);
}
