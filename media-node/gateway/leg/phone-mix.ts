/**
 * What the telephones of a room hear: one mixer for all of them, which decodes each voice once for every rate in use.
 * @module
 */
import type { MixFormat } from "../../mix/mix-format.ts";
import type { MixEvents, MixHost, RoomMixer } from "../../mix/mix-host.ts";
import { createMixInputs } from "../../mix/mix-inputs.ts";
import type { Router } from "../../room/router.ts";

/** Takes 20 ms of encoded sound. Timestamps run on by the codec's RTP clock; the bytes are valid during the call. */
export type FrameTaker = (timestamp: number, bytes: Buffer, offset: number, length: number, now: number) => void;

export interface PhoneMix {
  /**
   * Somebody hears all but its own from now on.
   * @returns ends that
   */
  listen(participant: number, format: MixFormat, take: FrameTaker): () => void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(): void;
}

interface Listener {
  readonly participant: number;
  readonly format: MixFormat;
  readonly take: FrameTaker;
  stream: number;
}

export function createPhoneMix(router: Router, mixing: MixHost): PhoneMix {
  const inputs = createMixInputs(router);
  const listeners = new Map<number, Listener>();
  let last = 0;
  let mixer: RoomMixer | undefined;

  const events: MixEvents = {
    assigned(number, stream) {
      const listener = listeners.get(number);
      if (listener) listener.stream = stream;
    },
    packet(stream, timestamp, bytes, offset, length, now) {
      for (const listener of listeners.values()) {
        if (listener.stream === stream) listener.take(timestamp, bytes, offset, length, now);
      }
    },
    lost() {
      mixer = undefined;
      for (const listener of listeners.values()) listener.stream = -1;
    },
  };

  function close(): void {
    inputs.end();
    mixer?.close();
    mixer = undefined;
  }

  return {
    listen(participant, format, take) {
      const number = ++last;
      listeners.set(number, { participant, format, take, stream: -1 });
      mixer?.addListener(number, participant, format);
      return () => {
        if (listeners.delete(number)) mixer?.removeListener(number);
      };
    },
    tick(now) {
      if (listeners.size === 0) {
        if (mixer !== undefined) close();
        return;
      }
      if (mixer === undefined) {
        mixer = mixing.open(events, now);
        for (const [number, { participant, format }] of listeners) mixer?.addListener(number, participant, format);
      }
      if (mixer !== undefined) inputs.sync(mixer);
    },
    close() {
      listeners.clear();
      close();
    },
  };
}
