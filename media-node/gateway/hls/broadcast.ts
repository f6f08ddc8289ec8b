/**
 * A room's picture and sound as HLS: a participant's H.264 as it comes, and sound from the mixer's thread, which is there without
 * holes. Sans-I/O.
 * @module
 */
import { type HlsOrder, TandemError } from "../../../src/protocol/index.ts";
import type { Layer } from "../../forward/layer.ts";
import { PACKET } from "../../forward/packet-ring.ts";
import type { PacketSink } from "../../forward/packet-sink.ts";
import type { MixEvents, MixHost, RoomMixer } from "../../mix/mix-host.ts";
import { createMixInputs } from "../../mix/mix-inputs.ts";
import type { Router } from "../../room/router.ts";
import type { Source } from "../../room/source.ts";
import { createH264Frames, type H264Frames } from "./h264-frames.ts";
import { createOrderedPackets, type OrderedPackets } from "./ordered-packets.ts";
import { createSegmenter, type SegmentStore } from "./segmenter.ts";

/** Sound comes out of the mixer so much later (ms) than it came in. */
const MIX_DELAY = 60;
/** A key frame isn't asked for again sooner (ms). */
const ASK_INTERVAL = 1_000;
const LISTENER = 1;
/** Units of 48 kHz in a mix's packet of 20 ms. */
const FRAME = 960;

export interface BroadcastOptions {
  readonly router: Router;
  readonly mixing: MixHost;
  /** Number of the participant that the broadcast is. */
  readonly participant: number;
  readonly order: HlsOrder;
  /** Begins the names of its files, so that no other broadcast has one of the same: caches may keep them. */
  readonly label: string;
  /** Asked for once, when nothing stands in the way. */
  readonly store: () => SegmentStore;
}

export interface Broadcast {
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  /** Ends the playlist. Idempotent. */
  close(): void;
}

/** What is being watched: one layer, and what its packets become. */
interface Watched {
  readonly layer: Layer;
  readonly tap: PacketSink;
  readonly packets: OrderedPackets;
  readonly frames: H264Frames;
}

/** @throws TandemError `unsupported-codec` where the picture is there and isn't H.264 */
export function createBroadcast(options: BroadcastOptions): Broadcast {
  const { router, mixing, participant, order } = options;
  const pictures = new Set(order.video);
  const sounds = order.audio === "mix" ? undefined : new Set(order.audio);
  const inputs = createMixInputs(router, ({ number }) => sounds?.has(number) ?? true);
  let mixer: RoomMixer | undefined;
  let watched: Watched | undefined;
  let nextAsk = 0;
  /** Capture time (ms) and timestamp of a mix's packet, from which all later ones count. */
  let anchor: { readonly time: number; readonly timestamp: number } | undefined;
  let closed = false;

  /** A screen before a camera. */
  function candidates(): Source[] {
    const all = [...router.sources.values()].filter(source => source.media === "video" && pictures.has(source.number));
    return all.sort((a, b) => Number(b.kind === "screen") - Number(a.kind === "screen"));
  }

  function unwatch(): void {
    watched?.layer.removeSink(watched.tap);
    watched = undefined;
  }

  function watch(layer: Layer): Watched {
    unwatch();
    const { clock } = layer;
    const frames = createH264Frames(frame => segmenter.video(frame, clock.captureTime(frame.timestamp)));
    const packets = createOrderedPackets(frames.push);
    const tap: PacketSink = {
      decide({ ring }, place, now) {
        const at = ring.offset[place]!;
        const payload = Buffer.from(ring.bytes.subarray(at, at + ring.length[place]!));
        const flags = ring.flags[place]!;
        const isEmpty = (flags & PACKET.empty) !== 0;
        packets.push(
          ring.index[place]!,
          {
            payload: isEmpty ? Buffer.alloc(0) : payload,
            timestamp: ring.timestamp[place]!,
            marker: (flags & PACKET.marker) !== 0,
          },
          now,
        );
      },
    };
    layer.addSink(tap);
    return { layer, tap, packets, frames };
  }

  function look(now: number): void {
    const source = candidates().find(({ open, codec }) => open && codec === "h264");
    const layer =
      source && router.chooseLayer({ source, current: watched?.layer, room: Number.POSITIVE_INFINITY }, now);
    if (layer === undefined) unwatch();
    else if (layer !== watched?.layer) watched = watch(layer);
    watched?.packets.tick(now);
    if (watched === undefined || now < nextAsk) return;
    if (!watched.frames.needsKeyFrame && !segmenter.wantsKeyFrame) return;
    nextAsk = now + ASK_INTERVAL;
    watched.layer.requestKeyFrame(now);
  }

  const events: MixEvents = {
    assigned() {},
    packet(_stream, timestamp, bytes, offset, length, now) {
      anchor ??= { time: now - MIX_DELAY, timestamp };
      const time = anchor.time + ((timestamp - anchor.timestamp) >>> 0) / (FRAME / 20);
      segmenter.audio(Buffer.from(bytes.subarray(offset, offset + length)), FRAME, time);
    },
    lost() {
      mixer = undefined;
      anchor = undefined;
    },
  };

  function listen(now: number): void {
    if (mixer === undefined) {
      mixer = mixing.open(events, now);
      mixer?.addListener(LISTENER, participant, { codec: "opus", rate: 48_000, continuous: true });
    }
    if (mixer !== undefined) inputs.sync(mixer);
  }

  const [first] = candidates();
  if (first !== undefined && !candidates().some(({ codec }) => codec === "h264")) {
    throw new TandemError("unsupported-codec", `HLS takes h264, this is ${first.codec}`);
  }
  const segmenter = createSegmenter(options.store(), options.label);
  return {
    tick(now) {
      if (closed) return;
      look(now);
      listen(now);
    },
    close() {
      if (closed) return;
      closed = true;
      unwatch();
      inputs.end();
      mixer?.close();
      segmenter.close();
    },
  };
}
