import { type Layer, STALL } from "../forward/layer.ts";
import type { Source } from "./source.ts";

/** A layer must have flowed for so long (ms) before a sink leaves a lower one for it. */
const STEADY = 300;

/** To climb, a layer must fit with room to spare: its rate isn't constant. */
const HEADROOM = 1.15;

/** What a {@link LayerChooser} goes by. */
export interface LayerQuestion {
  readonly source: Source;
  /** The layer of this source that the sink gets now, if any. */
  readonly current: Layer | undefined;
  /** Bits per second that are left for it. */
  readonly room: number;
}

/** Picks the layer a sink should get of a source; undefined while none flows or none fits. */
export type LayerChooser = (question: LayerQuestion, now: number) => Layer | undefined;

/**
 * The highest layer that flows and fits. One has stopped when others of the source went on without it for
 * {@link STALL}; a higher one is taken only after it flowed steadily.
 */
export const chooseHighestLayer: LayerChooser = ({ source, current, room }, now) => {
  const { layers } = source;
  const kept = current !== undefined && flows(source, current) && fits(current, room, true) ? current : undefined;
  for (let order = layers.length - 1; order >= 0; order--) {
    const layer = layers[order]!;
    if (layer === kept) return kept;
    const steady = kept === undefined || isSteady(layer, now);
    if (flows(source, layer) && steady && fits(layer, room, false)) return layer;
  }
  return undefined;
};

/** A number that changes when choices must be made anew: a layer began or stopped, is steady by now, or broke. */
export function flowState(source: Source, now: number): number {
  let state = 0;
  for (const layer of source.layers) {
    const flow = (flows(source, layer) ? 1 : 0) + (isSteady(layer, now) ? 2 : 0);
    state = (Math.imul(state, 31) + 4 * layer.generation + flow) | 0;
  }
  return state;
}

function isSteady(layer: Layer, now: number): boolean {
  return now - layer.flowingSince >= STEADY;
}

/** The only layer of a source counts as flowing before its first packet. */
function flows(source: Source, layer: Layer): boolean {
  const newest = source.lastArrival;
  return newest === Number.NEGATIVE_INFINITY ? source.layers.length === 1 : newest - layer.lastArrival < STALL;
}

function fits(layer: Layer, room: number, already: boolean): boolean {
  return layer.bitrate * (already ? 1 : HEADROOM) <= room;
}
