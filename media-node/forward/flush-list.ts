/** Something that collects work during a batch of packets and does it afterwards. */
export interface Flushable {
  flush(now: number): void;
}

/** Who has something to send after the current batch. The worker flushes it once per batch and per timer turn. */
export class FlushList {
  private readonly waiting: Flushable[] = [];

  /** Must be called at most once per flush by each member. */
  add(member: Flushable): void {
    this.waiting.push(member);
  }

  flush(now: number): void {
    const { waiting } = this;
    // By index: flushing one member may add another.
    for (let i = 0; i < waiting.length; i++) waiting[i]!.flush(now);
    waiting.length = 0;
  }
}

export function createFlushList(): FlushList {
  return new FlushList();
}
