import type { NodeParticipant } from "../../src/protocol/index.ts";
import type { Codec } from "../codec/codec.ts";
import { NO_FEEDBACK } from "../forward/feedback.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SourceClock } from "../forward/source-clock.ts";
import type { Router } from "../room/router.ts";
import { createSource, type Source } from "../room/source.ts";

export interface PublishedSourceOptions {
  readonly router: Router;
  readonly kind: "mic" | "camera";
  readonly codec: Codec;
}

/** A source that a gateway makes, in step with what the room says that its participant publishes. */
export interface PublishedSource {
  /** Undefined while the participant publishes none. */
  readonly source: Source | undefined;
  /** @returns whether it was closed to the room and is open now, or the other way round */
  update(participant: NodeParticipant, now: number): boolean;
  close(now: number): void;
}

export function createPublishedSource({ router, kind, codec }: PublishedSourceOptions): PublishedSource {
  let source: Source | undefined;

  function close(now: number): void {
    if (source !== undefined) router.removeSource(source, now);
    source = undefined;
  }

  return {
    get source() {
      return source;
    },
    update({ sources, grants }, now) {
      const published = sources.find(each => each.kind === kind);
      const granted = grants.publish?.includes(kind) === true;
      if (published === undefined) {
        close(now);
        return false;
      }
      if (source === undefined) {
        const clock = new SourceClock();
        source = createSource({
          ...{ number: published.number, kind, codec, clock },
          roundTrip: createRoundTrip(),
          feedback: NO_FEEDBACK,
        });
        source.muted = published.muted;
        source.granted = granted;
        source.applyGate(now);
        router.addSource(source, now);
        return false;
      }
      const wasOpen = source.open;
      source.granted = granted;
      router.setMuted(source, published.muted, now);
      return wasOpen !== source.open;
    },
    close,
  };
}
