import { type ReadonlySignal, signal } from "@preact/signals";
import type { Topology } from "../../protocol/model.ts";
import { loadStats, type Quality, type Room } from "./sdk.ts";

const REASONS: Readonly<Record<string, string>> = {
  loss: "packets get lost",
  rtt: "the way is long",
  relay: "it goes through a relay",
  cpu: "this device is busy",
  bandwidth: "the line is narrow",
};

/**
 * Why a connection is poor, for its mark; `undefined` while it is not. With a media node there is one connection for
 * everybody: it is marked on one's own tile only.
 */
export function poorText(
  quality: Quality | undefined,
  own: boolean,
  topology: Topology["current"],
): string | undefined {
  if (quality?.score !== "poor" || (!own && topology !== "mesh")) return undefined;
  const reason = quality.reason && REASONS[quality.reason];
  return reason ? `Weak connection: ${reason}` : "Weak connection";
}

/** Each participant's connection, by participant id, once the watching code is loaded. */
export function createQuality(room: Room): {
  readonly of: ReadonlySignal<ReadonlyMap<string, Quality>>;
  close(): void;
} {
  const of = signal<ReadonlyMap<string, Quality>>(new Map());
  let closed = false;
  let stop: (() => void) | undefined;
  void loadStats().then(({ watchQuality }) => {
    if (!closed)
      stop = watchQuality(room, all => {
        of.value = all;
      });
  });
  return {
    of,
    close() {
      closed = true;
      stop?.();
    },
  };
}
