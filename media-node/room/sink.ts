import type { CodecName } from "../codec/codec.ts";
import type { Layer } from "../forward/layer.ts";
import type { PacketSink } from "../forward/packet-sink.ts";

/**
 * Anything that takes packets of one source at a time: a session's slot, a recorder, a mixer input, a pipe.
 * `forward/`'s `Slot` is one. The router selects what feeds it, and hears through {@link Sink.onFeed} when it does.
 */
export interface Sink extends PacketSink {
  readonly media: "audio" | "video";
  /** The layer whose packets it takes now. */
  readonly feed: Layer | undefined;
  /** The layer it shall take: {@link Sink.feed}, or the one whose key frame it waits for. */
  readonly selected: Layer | undefined;
  /** Whether {@link Sink.feed} flows; not so while a key frame is awaited after an interruption. */
  readonly live: boolean;
  /** Set by the router: called in the turn of a feed's first packet. */
  onFeed: ((layer: Layer, now: number) => void) | undefined;
  takes(codec: CodecName): boolean;
  /** Takes another layer as soon as it can be begun, the old one going on until then; or none, at once. */
  select(layer: Layer | undefined, now: number): void;
  /** Ends the present feed at once, keeping what is selected. */
  stop(): void;
}
