/**
 * A room's mix as its router sees it: microphones go to a mixer, and what comes back is a source for whoever wants one.
 * @module
 */
import { MIX_SOURCE } from "../../src/protocol/index.ts";
import { opus } from "../codec/opus.ts";
import { NO_FEEDBACK } from "../forward/feedback.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SourceClock } from "../forward/source-clock.ts";
import type { Receiver } from "../room/receiver.ts";
import type { Router } from "../room/router.ts";
import { createSource, type Source } from "../room/source.ts";
import { NO_LEVEL } from "../rtp/header-extensions.ts";
import { createRtpHeader } from "../rtp/rtp-header.ts";
import { FULL_BAND } from "./mix-format.ts";
import type { MixEvents, MixHost, RoomMixer } from "./mix-host.ts";
import { createMixInputs } from "./mix-inputs.ts";

export interface RoomMix {
  /** Brings the mixer in line with who publishes and who wants the mix. To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(now: number): void;
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
  const inputs = createMixInputs(router);
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
    inputs.end();
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
      inputs.sync(mixer);
      syncListeners(now);
    },
    close(now) {
      if (closed) return;
      closed = true;
      end(now);
    },
  };
}
