/**
 * A room's mix as its router sees it: microphones go to a mixer, and what comes back is a source for whoever wants one.
 * @module
 */
import { MIX_SOURCE } from "../../src/protocol/index.ts";
import { opus } from "../codec/opus.ts";
import { NO_FEEDBACK } from "../forward/feedback.ts";
import type { Layer } from "../forward/layer.ts";
import { PACKET } from "../forward/packet-ring.ts";
import type { PacketSink } from "../forward/packet-sink.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SourceClock } from "../forward/source-clock.ts";
import type { Receiver } from "../room/receiver.ts";
import type { Router } from "../room/router.ts";
import { createSource, type Source } from "../room/source.ts";
import { NO_LEVEL } from "../rtp/header-extensions.ts";
import { createRtpHeader } from "../rtp/rtp-header.ts";
import { FULL_BAND } from "./mix-format.ts";
import type { MixEvents, MixHost, RoomMixer } from "./mix-host.ts";

export interface RoomMix {
  /** Brings the mixer in line with who publishes and who wants the mix. To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(now: number): void;
}

/** A source whose packets go to the mixer. */
interface Input {
  readonly source: Source;
  readonly layer: Layer;
  readonly tap: PacketSink;
}

/** A mix that comes back. */
interface Stream {
  readonly source: Source;
  sequence: number;
}

/** Somebody who wants the mix. */
interface Listener {
  readonly number: number;
  stream: number;
}

const header = createRtpHeader();

export function createRoomMix(router: Router, host: MixHost): RoomMix {
  const inputs = new Map<number, Input>();
  const listeners = new Map<Receiver, Listener>();
  const streams = new Map<number, Stream>();
  let mixer: RoomMixer | undefined;
  let lastListener = 0;
  let closed = false;

  const events: MixEvents = {
    assigned(number, stream, now) {
      for (const [receiver, listener] of listeners) {
        if (listener.number !== number) continue;
        listener.stream = stream;
        // A stream that doesn't flow yet would leave a hole: what was heard goes on until it does.
        const known = streams.get(stream);
        if (known !== undefined) receiver.setMix(known.source, now);
      }
      forgetStreams();
    },
    packet(number, timestamp, bytes, offset, length, now) {
      const stream = streams.get(number) ?? begin(number, now);
      if (stream === undefined) return;
      stream.sequence = (stream.sequence + 1) & 0xffff;
      header.sequence = stream.sequence;
      header.timestamp = timestamp;
      header.payloadOffset = offset;
      header.payloadLength = length;
      stream.source.layers[0]!.receive(bytes, header, NO_LEVEL, now, false);
    },
    lost(now) {
      mixer = undefined;
      end(now);
    },
  };

  /** A stream's first packet is here. */
  function begin(number: number, now: number): Stream | undefined {
    const waiting = [...listeners].filter(([, { stream }]) => stream === number);
    if (waiting.length === 0) return undefined;
    const source = createSource({
      number: MIX_SOURCE,
      kind: "mix",
      codec: opus,
      clock: new SourceClock(),
      roundTrip: createRoundTrip(),
      feedback: NO_FEEDBACK,
    });
    const stream = { source, sequence: 0 };
    streams.set(number, stream);
    for (const [receiver] of waiting) receiver.setMix(source, now);
    return stream;
  }

  function forgetStreams(): void {
    const used = new Set([...listeners.values()].map(({ stream }) => stream));
    for (const [number, { source }] of streams) {
      if (used.has(number)) continue;
      streams.delete(number);
      source.close();
    }
  }

  function listen(source: Source): void {
    const layer = source.layers[0]!;
    const tap: PacketSink = {
      decide({ ring }, place, now) {
        if (mixer === undefined || (ring.flags[place]! & PACKET.empty) !== 0) return;
        const level = ring.level[place]!;
        mixer.push(
          source.number,
          "opus",
          ring.index[place]! % 65_536,
          ring.timestamp[place]!,
          level === NO_LEVEL ? -1 : level & 0x7f,
          ring.bytes,
          ring.offset[place]!,
          ring.length[place]!,
          now,
        );
      },
    };
    layer.addSink(tap);
    inputs.set(source.number, { source, layer, tap });
    mixer?.addInput(source.number, source.participant);
  }

  function unlisten({ source, layer, tap }: Input): void {
    layer.removeSink(tap);
    inputs.delete(source.number);
    mixer?.removeInput(source.number);
  }

  function syncInputs(): void {
    for (const input of inputs.values()) {
      const { source } = input;
      if (router.sources.get(source.number) !== source || !source.open) unlisten(input);
    }
    for (const source of router.sources.values()) {
      if (source.media === "audio" && source.codec === "opus" && source.open && !inputs.has(source.number)) {
        listen(source);
      }
    }
  }

  function syncListeners(now: number): void {
    for (const receiver of router.receivers) {
      if (!router.wantsMix(receiver) || listeners.has(receiver)) continue;
      const listener = { number: ++lastListener, stream: -1 };
      listeners.set(receiver, listener);
      mixer?.addListener(listener.number, receiver.participant, FULL_BAND);
    }
    for (const [receiver, { number }] of listeners) {
      if (router.receivers.has(receiver) && router.wantsMix(receiver)) continue;
      listeners.delete(receiver);
      mixer?.removeListener(number);
      receiver.setMix(undefined, now);
      forgetStreams();
    }
  }

  function wanted(): boolean {
    for (const receiver of router.receivers) if (router.wantsMix(receiver)) return true;
    return false;
  }

  /** Everybody gets sources again. */
  function end(now: number): void {
    for (const input of inputs.values()) unlisten(input);
    for (const receiver of listeners.keys()) receiver.setMix(undefined, now);
    listeners.clear();
    forgetStreams();
    mixer?.close();
    mixer = undefined;
  }

  return {
    tick(now) {
      if (closed) return;
      if (!wanted()) {
        if (mixer !== undefined) end(now);
        return;
      }
      mixer ??= host.open(events, now);
      if (mixer === undefined) return;
      syncInputs();
      syncListeners(now);
    },
    close(now) {
      if (closed) return;
      closed = true;
      end(now);
    },
  };
}
