/**
 * What the core knows of a room, as one immutable value.
 * @module
 */
import type { ChatMessage, IceServer, Participant, Self, Topology } from "../../protocol/model.ts";
import type { Failure } from "./failure.ts";

export type Status = "connecting" | "connected" | "reconnecting" | "closed";

export interface RoomModel {
  readonly status: Status;
  /** Why it is closed, unless the application closed it. */
  readonly error?: Failure;
  /** Id of the room. */
  readonly id: string;
  /** Which life of the room all this belongs to. */
  readonly life: string;
  readonly you: Self;
  /** The others, by number. */
  readonly participants: readonly Participant[];
  /** Newest last. */
  readonly chat: readonly ChatMessage[];
  readonly metadata?: string;
  readonly topology: Topology;
  readonly maxParticipants: number;
  readonly iceServers: readonly IceServer[];
  /** Milliseconds that their credentials last from when they came. */
  readonly iceServersTtl?: number | undefined;
}
