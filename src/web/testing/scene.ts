import type { Topology } from "../../protocol/model.ts";
import type { Quality } from "../state/sdk.ts";

/** Somebody else in a scripted room. */
export interface Extra {
  readonly name: string;
  /** Absent: the camera is off. */
  readonly camera?: "wide" | "classic" | "portrait";
  readonly muted?: boolean;
  readonly hand?: boolean;
  readonly phone?: boolean;
  /** State of a telephone's call. */
  readonly call?: string;
  readonly moderator?: boolean;
  readonly screen?: boolean;
  readonly away?: boolean;
  readonly connecting?: boolean;
  readonly speaking?: boolean;
  readonly trouble?: Quality["reason"];
}

/** What a scripted room looks like; handed over in the page's `?scene=`. */
export interface Scene {
  readonly others: readonly Extra[];
  readonly topology?: Topology;
  /** Messages by index of the sender in `others`; -1 for oneself. */
  readonly chat?: readonly (readonly [from: number, text: string])[];
  /** How many of these arrive after one has joined. */
  readonly unread?: number;
  readonly status?: "connected" | "reconnecting";
  readonly speakingWhileMuted?: boolean;
  /** Code of the error that ends the call. */
  readonly ends?: string;
}

/** The scene of this page. */
export const sceneOf = (search: string): Scene =>
  JSON.parse(new URLSearchParams(search).get("scene") ?? '{"others":[]}');

/** Id of the participant at an index of `others`. */
export const pidOf = (index: number): string => `p_scripted${index + 1}`;
