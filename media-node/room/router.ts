import { CAMERA_CEILING, type PublishDemand, publishCeiling, SCREEN_CEILING } from "../congestion/publish-ceiling.ts";
import { chooseHighestLayer, flowState, type LayerChooser } from "./choose-layer.ts";
import { Receiver, type ReceiverRoom } from "./receiver.ts";
import type { ReceiverOptions } from "./receiver-types.ts";
import type { Source, SourceKind } from "./source.ts";
import { Speakers } from "./speakers.ts";

/** How often (ms) it is looked whether a layer began or stopped; while none did, layers are chosen anew so often. */
const FLOW_INTERVAL = 100;
const REFRESH_INTERVAL = 500;
/** How often audio slots are chosen anew. */
const AUDIO_INTERVAL = 60;
/** While nobody speaks, nobody takes a slot from anybody. */
const QUIET_AUDIO_INTERVAL = 500;

/** A room's forwarding plane: its sources, its receivers, and who is heard and seen by whom. */
export class Router implements ReceiverRoom {
  readonly sources = new Map<number, Source>();
  readonly receivers = new Set<Receiver>();
  readonly chooseLayer: LayerChooser;
  /** Whether receivers that say nothing else hear the mix. */
  mixed = false;
  private readonly speakers = new Speakers();
  private nextFlow = Number.NEGATIVE_INFINITY;
  private nextRefresh = Number.NEGATIVE_INFINITY;
  private flow = 0;
  private nextAudio = Number.NEGATIVE_INFINITY;
  private quiet = true;
  private closed = false;

  constructor(chooseLayer: LayerChooser) {
    this.chooseLayer = chooseLayer;
  }

  /** Participant numbers of those who speak now, the dominant one first. */
  get speaking(): readonly number[] {
    return this.speakers.current;
  }

  lastDominantAt(participant: number): number {
    return this.speakers.lastDominantAt(participant);
  }

  /** Adds a published source. One with the same number is replaced: its publisher came back. */
  addSource(source: Source, now: number): void {
    const before = this.sources.get(source.number);
    if (before === source || this.closed) return;
    this.sources.delete(source.number);
    this.sources.set(source.number, source);
    this.plan(now);
    before?.close();
  }

  /** Takes a source out and closes it. */
  removeSource(source: Source, now: number): void {
    if (this.sources.get(source.number) === source) {
      this.sources.delete(source.number);
      const { participant } = source;
      if (![...this.sources.values()].some(other => other.participant === participant)) {
        this.speakers.forget(participant);
      }
      this.plan(now);
    }
    source.close();
  }

  /** Mutes or unmutes a source: by its publisher or by force, the caller knows. Muted, it is fed to nobody. */
  setMuted(source: Source, muted: boolean, now: number): void {
    source.muted = muted;
    source.applyGate(now);
    this.plan(now);
  }

  /** What a participant may publish from now on; packets of other kinds are dropped. */
  setPublishKinds(participant: number, kinds: ReadonlySet<SourceKind>, now: number): void {
    for (const source of this.sources.values()) {
      if (source.participant !== participant) continue;
      source.granted = kinds.has(source.kind);
      source.applyGate(now);
    }
    this.plan(now);
  }

  addReceiver(options: ReceiverOptions, now: number): Receiver {
    const receiver = new Receiver(options, this);
    this.receivers.add(receiver);
    receiver.plan(now);
    if (this.speaking.length > 0) options.listener.speakersChanged(this.speaking);
    return receiver;
  }

  wantsMix(receiver: Receiver): boolean {
    return receiver.wantsMix(this.mixed);
  }

  removeReceiver(receiver: Receiver, now: number): void {
    this.receivers.delete(receiver);
    receiver.close(now);
  }

  /** How much a participant may be told to publish (bit/s), by what those who watch it can take. */
  publishCeiling(participant: number): number {
    const demands: PublishDemand[] = [];
    for (const source of this.sources.values()) {
      if (source.participant !== participant || source.media !== "video") continue;
      const watching = [...this.receivers].filter(receiver => receiver.watches(source));
      demands.push({
        ceiling: source.kind === "screen" ? SCREEN_CEILING : CAMERA_CEILING,
        budgets: watching.map(receiver => receiver.options.budget?.bitsPerSecond ?? Number.POSITIVE_INFINITY),
      });
    }
    return publishCeiling(demands);
  }

  /** Asks for what is lost, and chooses speakers, slots and layers anew. To be called every 20 ms. */
  tick(now: number): void {
    const wasQuiet = this.quiet;
    this.quiet = true;
    for (const source of this.sources.values()) {
      source.tick(now);
      if (source.media !== "audio") continue;
      source.sampleLoudness(now);
      if (source.loudness.speaking) this.quiet = false;
    }
    if (!this.quiet || !wasQuiet) this.updateSpeakers(now);
    if (now >= this.nextFlow) {
      this.nextFlow = now + FLOW_INTERVAL;
      if (this.flowChanged(now) || now >= this.nextRefresh) {
        this.nextRefresh = now + REFRESH_INTERVAL;
        for (const receiver of this.receivers) receiver.refresh(now);
      }
    }
    if (now >= this.nextAudio || (wasQuiet && !this.quiet)) {
      this.nextAudio = now + (this.quiet ? QUIET_AUDIO_INTERVAL : AUDIO_INTERVAL);
      for (const receiver of this.receivers) receiver.planAudio(now);
    }
  }

  /** Closes all sources and frees all slots. */
  close(now: number): void {
    if (this.closed) return;
    this.closed = true;
    for (const receiver of this.receivers) receiver.close(now);
    this.receivers.clear();
    for (const source of this.sources.values()) source.close();
    this.sources.clear();
  }

  private flowChanged(now: number): boolean {
    const before = this.flow;
    this.flow = 0;
    for (const source of this.sources.values()) this.flow = (Math.imul(this.flow, 31) + flowState(source, now)) | 0;
    return this.flow !== before;
  }

  private updateSpeakers(now: number): void {
    const { dominant } = this.speakers;
    if (this.speakers.update(this.sources.values(), now)) {
      for (const receiver of this.receivers) receiver.options.listener.speakersChanged(this.speaking);
    }
    if (this.speakers.dominant !== dominant) this.plan(now);
  }

  private plan(now: number): void {
    for (const receiver of this.receivers) receiver.plan(now);
  }
}

/** @param chooseLayer which layer of a source a sink gets; by default the highest that flows. */
export function createRouter(chooseLayer: LayerChooser = chooseHighestLayer): Router {
  return new Router(chooseLayer);
}
